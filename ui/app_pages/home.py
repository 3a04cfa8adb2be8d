"""Home: where a part stands, the one thing to do next, what is wrong, what runs, and its three figures."""

from __future__ import annotations

import streamlit as st

from pipelines.figures.kpi_names import BENEFIT, SPEED, USABLE
from pipelines.queries.home import FIGURES, STEPS, Figure, HomeFacts, home_facts
from ui.language.words import N_, _
from ui.state import PAGES_KEY, Session
from ui.widgets.alarms import show_alarms
from ui.widgets.empty import needs_part
from ui.widgets.job_box import show_jobs

TITLES = {
    "catalogue": N_("Catalogue"),
    "training": N_("Model"),
    "generate": N_("Samples"),
    "review": N_("Review"),
    "gate": N_("Gate"),
    "datasets": N_("Export"),
}
NEXT = {
    "catalogue": N_("Add pictures of the part, and draw the masks that are still missing."),
    "training": N_("Train a model on the part's own pictures."),
    "generate": N_("Make defects on good pictures."),
    "review": N_("Look at the samples and say which could come from the line."),
    "gate": N_("Let the gate find out whether the samples help an inspector on real defects."),
    "datasets": N_("Export the data set for your trainer."),
}
FIGURE_TITLES = {
    SPEED: N_("Seconds per kept image"),
    USABLE: N_("Usable rate"),
    BENEFIT: N_("Benefit per month"),
}


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Home"))
    part = needs_part(session)
    if part is None:
        return
    facts = home_facts(session.work, part)
    _path(facts)
    _next_action(facts)
    show_alarms(session, part)
    show_jobs(session, part.name, ended=0)
    st.subheader(_("Figures"))
    for column, name in zip(st.columns(len(FIGURES)), FIGURES, strict=True):
        with column.container(border=True, height="stretch"):
            _figure(_(FIGURE_TITLES[name]), facts.figures.get(name))


def _path(facts: HomeFacts) -> None:
    """The steps from pictures to an export; the mark tells by shape, not by colour, which are done."""
    for column, step in zip(st.columns(len(STEPS), gap="small"), STEPS, strict=True):
        with column.container(border=True, height="stretch"):
            done, current = facts.done[step], facts.next_step == step
            icon = "check_circle" if done else "play_circle" if current else "radio_button_unchecked"
            st.markdown(f":material/{icon}:  \n**{_(TITLES[step])}**")
            st.caption(_count(facts, step))


def _count(facts: HomeFacts, step: str) -> str:
    texts = {
        "catalogue": _("{good} good, {bad} with defects, {wanted} masks wanted").format(
            good=facts.good, bad=facts.defective, wanted=facts.mask_wanted
        ),
        "training": _("models: {count}").format(count=facts.models),
        "generate": _("{count} samples").format(count=facts.samples),
        "review": _("{count} of {all} decided").format(count=facts.reviewed, all=facts.samples),
        "gate": _(facts.verdict) if facts.verdict else _("no verdict yet"),
        "datasets": _("exports: {count}").format(count=facts.exports),
    }
    return texts[step]


# the verdicts as the registry keeps them
VERDICTS = (N_("helps"), N_("not proven"), N_("harms"))


def _next_action(facts: HomeFacts) -> None:
    step = facts.next_step
    with st.container(border=True):
        if step is None:
            st.markdown(
                _("All steps are done. New pictures on the page Monitor show whether the line changes.")
            )
            return
        word = _("Next")
        st.markdown(f"**{word}:** {_(NEXT[step])}")
        page = st.session_state.get(PAGES_KEY, {}).get(step)
        if page is not None:
            st.page_link(page, label=_(TITLES[step]), icon=":material/arrow_forward:")


def _figure(title: str, figure: Figure | None) -> None:
    if figure is None:
        st.metric(title, "–")
        st.caption(_("Not worked out yet: see the page Gate and figures."))
        return
    st.metric(
        title,
        _shown(figure, figure.value),
        chart_data=list(figure.before) if len(figure.before) > 1 else None,
        chart_type="line",
    )
    if figure.low is not None and figure.high is not None:
        st.caption(
            _("between {low} and {high}").format(
                low=_shown(figure, figure.low), high=_shown(figure, figure.high)
            )
        )


def _shown(figure: Figure, value: float) -> str:
    if figure.unit in ("share", "rate", ""):
        return f"{value:.0%}"
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
    return f"{number} {figure.unit}"
