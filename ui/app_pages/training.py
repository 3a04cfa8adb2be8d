"""Training: start or fine-tune, live curves and grids, runs side by side, champion, challenger and the way back."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from data_registry.records import PartRecord
from pipelines.operation.promotion import CHAMPION, ROLLBACK
from pipelines.queries.training import ModelFacts, RunFacts, TrainingRuns, models_of
from pipelines.recipe import recipe_names
from ui.cache import workplace
from ui.error_box import errors_shown
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.empty import need, needs_part
from ui.widgets.job_box import engine_runs, ordered, show_jobs
from ui.widgets.run_charts import MOST_TOGETHER, curve

STATUS = {
    "RUNNING": N_("▶ running"),
    "FINISHED": N_("✓ finished"),
    "FAILED": N_("✕ failed"),
    "KILLED": N_("■ stopped"),
}
ALIASES = {CHAMPION: N_("★ champion"), ROLLBACK: N_("↶ the one before")}
VERDICTS = {"helps": N_("✓ helps"), "not proven": N_("? not proven"), "harms": N_("✕ harms")}
LIVE_S = 5.0


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Training"))
    part = needs_part(session)
    if part is None:
        return
    models, runs, start = st.tabs([_("Models"), _("Runs"), _("Start a training")], key="training_tabs")
    with models:
        _models(session, part)
    with start:
        _start(session, part)
    with runs:
        _runs(part)


def _models(session: Session, part: PartRecord) -> None:
    found = models_of(session.work, part)
    if not found:
        need(
            _("There is no model yet"),
            _("Start a training in the tab “Start a training”, or with `factory-gen train`."),
        )
        return
    st.dataframe([_model_row(one) for one in found], hide_index=True)
    if not session.may("promote"):
        return
    champion = next((one for one in found if CHAMPION in one.model.aliases), None)
    others = {one.model.number: one for one in found if one is not champion and one.model.status == "ready"}
    left, right = st.columns(2)
    with left.container(border=True):
        st.markdown("**" + _("Promote a challenger") + "**")
        if not others or champion is None:
            st.caption(_("A second model is needed: train or fine-tune one."))
        else:
            _promote(session, part, others)
    with right.container(border=True):
        st.markdown("**" + _("Roll back") + "**")
        before = next((one for one in found if ROLLBACK in one.model.aliases), None)
        if before is None:
            st.caption(_("No model was promoted over another yet."))
        else:
            text = _("Make model {number} the champion again").format(number=before.model.number)
            if st.button(text, key="roll_back"):
                report = session.service.roll_back(part=part.name)
                st.toast(_("Model {number} is the champion now.").format(number=report.champion))
                st.rerun()


def _model_row(one: ModelFacts) -> Mapping[str, object]:
    model = one.model
    own = {"psnr": "PSNR", "kid_flow": "KID", "calibration_holes": _("calibration")}
    figures = {title: _short(model.metrics[name]) for name, title in own.items() if name in model.metrics}
    return {
        _("model"): model.number,
        _("role"): ", ".join(_(ALIASES[name]) for name in model.aliases if name in ALIASES),
        _("recipe"): model.recipe_name,
        _("made"): f"{model.created_at:%Y-%m-%d %H:%M}",
        _("samples"): one.samples,
        _("verdict of the gate"): _(VERDICTS[one.verdict.decision]) if one.verdict else "–",
        **figures,
    }


def _promote(session: Session, part: PartRecord, others: Mapping[int, ModelFacts]) -> None:
    number = st.selectbox(_("Model"), list(others), key="promote_model")
    verdict = others[number].verdict
    proven = verdict is not None and verdict.decision == "helps"
    if not proven:
        st.caption(_("▲ No gate says that its samples help. Say why it should be promoted all the same."))
    why = st.text_input(_("Reason"), key="promote_why")
    ready = proven or len(why.strip()) >= 10
    if st.button(_("Promote"), type="primary", disabled=not ready, key="promote"):
        session.service.promote(part=part.name, model=number, why=why.strip() or "the gate says it helps")
        st.toast(_("Model {number} is the champion now.").format(number=number))
        st.rerun()


def _start(session: Session, part: PartRecord) -> None:
    up = engine_runs()
    ready = [one.model.number for one in models_of(session.work, part) if one.model.status == "ready"]
    fresh = _("from scratch")
    with st.form("train_form"):
        left, middle, right = st.columns(3)
        names = list(recipe_names())
        recipe = left.selectbox(_("Recipe"), names, index=names.index("cpu") if "cpu" in names else 0)
        origin = middle.selectbox(_("Start"), [fresh, *[_("fine-tune model {n}").format(n=n) for n in ready]])
        minutes = right.number_input(_("Budget in minutes (0: the recipe's own)"), 0, 10_000, 0)
        left, right = st.columns(2)
        view = left.selectbox(_("View"), ["window", "whole"])
        seed = right.number_input(_("Seed"), 0, 2**31 - 1, 0)
        started = st.form_submit_button(
            _("Start the training"), type="primary", disabled=not (up and session.may("train"))
        )
    if started:
        wishes: dict[str, object] = {"recipe": recipe, "view": view, "seed": int(seed)}
        if minutes:
            wishes["budget_s"] = 60.0 * float(minutes)
        if origin != fresh:
            tuned = dict(zip([_("fine-tune model {n}").format(n=n) for n in ready], ready, strict=True))
            wishes["from_model"] = str(tuned[origin])
        ordered(session.service.submit_train(part=part.name, wishes=wishes))
    show_jobs(session, part.name, "train")
    st.caption(
        _("The first model of a part becomes its champion; a later one is a challenger until it is promoted.")
    )


@st.cache_resource(show_spinner=False)
def _reader() -> TrainingRuns:
    return TrainingRuns(workplace().settings)


@st.fragment(run_every=LIVE_S)
def _runs(part: PartRecord) -> None:
    """Runs and their curves; drawn anew every few seconds, so that a training is seen as it goes."""
    with errors_shown():
        with st.spinner(_("Opening the runs"), show_time=True):
            found = _reader().recent(workplace(), part)
        if not found:
            st.caption(_("No training has been tracked yet."))
            return
        st.dataframe([_run_row(one) for one in found], hide_index=True)
        labels = {one.id: _label(one) for one in found}
        chosen = st.multiselect(
            _("Show and compare (up to four)"),
            list(labels),
            placeholder=_("Choose"),
            default=[found[0].id],
            format_func=lambda one: labels.get(one, one),
            max_selections=MOST_TOGETHER,
            key=f"runs_{part.id}",
        )
        picked = [one for one in found if one.id in chosen]
        if picked:
            _curves(picked)
            _compare(picked)


def _run_row(one: RunFacts) -> Mapping[str, object]:
    ended = one.ended_at
    return {
        _("run"): one.name,
        _("state"): _(STATUS.get(one.status, one.status)),
        _("started"): f"{one.started_at:%Y-%m-%d %H:%M}",
        _("minutes"): f"{(ended - one.started_at).total_seconds() / 60:.1f}" if ended else "",
        _("model"): "" if one.model is None else str(one.model),
    }


def _label(one: RunFacts) -> str:
    return f"{one.name} · {one.started_at:%m-%d %H:%M}"


def _curves(picked: list[RunFacts]) -> None:
    names = sorted({name for one in picked for name in one.curves})
    boxes = st.columns(2)
    for at, name in enumerate(names):
        points = {_label(one): _reader().curve(one.id, name) for one in picked if name in one.curves}
        boxes[at % 2].altair_chart(curve(name, points, _("step")))


def _compare(picked: list[RunFacts]) -> None:
    figures = sorted({name for one in picked for name in one.final})
    if figures:
        st.markdown("**" + _("At the end") + "**")
        st.dataframe(
            [
                {
                    _("figure"): name,
                    **{_label(one): _short(one.final.get(name)) for one in picked},
                }
                for name in figures
            ],
            hide_index=True,
        )
        st.caption(
            _(
                "Calibration is 1 where the prior is as unsure as it should be. A smaller KID is nearer to real ones."
            )
        )
    if len(picked) > 1:
        _differing(picked)
    for box, one in zip(st.columns(len(picked)), picked, strict=True):
        if one.grid is not None:
            box.image(one.grid.read_bytes(), caption=_("Samples of {run}").format(run=_label(one)))
        if one.address:
            box.link_button(_("Open in MLflow"), one.address)


def _differing(picked: list[RunFacts]) -> None:
    names = sorted({name for one in picked for name in one.settings})
    rows = [
        {_("setting"): name, **{_label(one): one.settings.get(name, "") for one in picked}}
        for name in names
        if len({one.settings.get(name) for one in picked}) > 1
    ]
    st.markdown("**" + _("Settings that differ") + "**")
    if rows:
        st.dataframe(rows, hide_index=True)
    else:
        st.caption(_("None: the same recipe."))


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
