"""Generate: choose what to draw, look at eight, order the batch, look through what came."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import streamlit as st

from data_registry.records import PartRecord
from pipelines.drawing.try_out import TryOut
from pipelines.queries import samples as queries_samples
from pipelines.queries.samples import ModelFacts
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.bar import Bar
from ui.widgets.empty import need, needs_part
from ui.widgets.job_box import engine_runs, last_report, ordered, show_jobs
from ui.widgets.samples import sample_gallery
from ui.widgets.tried import show_tried

PLACEMENTS = {
    "learned": N_("Where real defects are"),
    "region": N_("Anywhere in the allowed region"),
    "free": N_("Anywhere on the part"),
}
TRIED, REQUEST = "generate-tried", "generate-request"
EIGHT, MOST_HERE = 8, 64


@dataclass(frozen=True)
class Wishes:
    """What the controls say; the same words as `pipelines.generate.run` takes."""

    defect: str | None
    seed: int
    model: str
    steps: int
    guidance: float
    placement: str
    strength: float | None
    strength_to: float | None


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Generate"))
    part = needs_part(session)
    if part is None:
        return
    models = queries_samples.models(session.work, part)
    if not models:
        need(
            _("A trained model is needed"), _("Train one on the page Training, or with `factory-gen train`.")
        )
    else:
        controls, result = st.columns([1, 2], gap="large")
        with controls:
            wishes = _controls(models)
            _order(session, part, wishes)
        with result:
            _preview(session, part, wishes)
            show_jobs(session, part.name, "generate")
    _gallery(session, part)


def _controls(models: list[ModelFacts]) -> Wishes:
    st.subheader(_("What to draw"))
    types = ["", *models[0].types]
    defect = st.selectbox(
        _("Defect type"), types, format_func=lambda name: name or _("All types in turn"), key="generate-type"
    )
    as_real = st.toggle(_("Severity as in real defects"), True, key="generate-as-real")
    low, high = st.slider(
        _("Severity from, to"),
        0.0,
        1.0,
        (0.2, 0.8),
        0.05,
        disabled=as_real,
        key="generate-strength",
        help=_("0 is as faint as the faintest real defect of this type, 1 as strong as the strongest."),
    )
    placement = st.selectbox(
        _("Place"), list(PLACEMENTS), format_func=lambda name: _(PLACEMENTS[name]), key="generate-placement"
    )
    with st.expander(_("More settings"), icon=":material/tune:"):
        number = st.selectbox(
            _("Model"),
            [one.number for one in models],
            format_func=lambda n: _("Model {n}").format(n=n),
            key="generate-model",
        )
        own = next(one for one in models if one.number == number)
        steps = st.select_slider(
            _("Solver calls"),
            [2, 4, 8, 16],
            own.steps if own.steps in (2, 4, 8, 16) else 4,
            key="generate-steps",
            help=_("More calls take longer. The model's own number is {n}.").format(n=own.steps),
        )
        guidance = st.slider(
            _("Guidance"),
            1.0,
            4.0,
            own.guidance,
            0.25,
            key="generate-guidance",
            help=_("Above 1, defects are more typical of their type, alike, and take twice as long."),
        )
        seed = st.number_input(
            _("Seed"), 0, 2**31 - 1, 0, key="generate-seed", help=_("The same seed gives the same pictures.")
        )
    return Wishes(
        defect=defect or None,
        seed=int(seed),
        model=str(number),
        steps=int(steps),
        guidance=float(guidance),
        placement=placement,
        strength=None if as_real else float(low),
        strength_to=None if as_real else float(high),
    )


def _preview(session: Session, part: PartRecord, wishes: Wishes) -> None:
    st.subheader(_("Look first"))
    button, live, _rest = st.columns([2, 3, 2], vertical_alignment="center")
    pressed = button.button(
        _("Draw 8"),
        icon=":material/visibility:",
        type="primary",
        disabled=not session.may("try"),
        width="stretch",
    )
    follow = live.toggle(_("Follow my changes"), key="generate-live")
    facts = {"part": part.name, **asdict(wishes)}
    last = st.session_state.get(TRIED)
    if pressed or (follow and last is not None and last[0] != facts):
        with st.spinner(_("Drawing"), show_time=True):
            found = session.service.try_out(part=part.name, count=EIGHT, **asdict(wishes))
        last = facts, found
        st.session_state[TRIED] = last
    if last is None or last[0]["part"] != part.name:
        st.caption(_("Eight defects are drawn and judged as the batch would be. Nothing is stored."))
        return
    tried: TryOut = last[1]
    if last[0] != facts:
        st.caption(":material/history: " + _("These were drawn with other settings."))
    show_tried(tried)


def _order(session: Session, part: PartRecord, wishes: Wishes) -> None:
    st.subheader(_("Batch"))
    count = int(st.number_input(_("How many"), 1, 1_000_000, 64, key="generate-count"))
    up = engine_runs()
    here = not up
    label = _("Order the batch") if up else _("Draw them here now")
    too_many = here and count > MOST_HERE
    if too_many:
        st.caption(_("Without the job engine, at most {n} at a time.").format(n=MOST_HERE))
    if st.button(
        label,
        icon=":material/playlist_add:" if up else ":material/play_arrow:",
        disabled=too_many or not session.may("generate"),
        width="stretch",
        key="generate-order",
    ):
        wanted = {**asdict(wishes), "count": count}
        if here:
            report = session.service.generate(part=part.name, progress=Bar(), **wanted)
            st.session_state[REQUEST] = report.request
            st.toast(
                _("{kept} of {asked} are stored.").format(kept=report.kept, asked=report.asked),
                icon=":material/check:",
            )
        else:
            ordered(session.service.submit_generate(part=part.name, wishes=wanted))
            st.session_state.pop(REQUEST, None)


def _gallery(session: Session, part: PartRecord) -> None:
    st.subheader(_("Stored samples"))
    counts = queries_samples.counts(session.work, part)
    if not counts:
        st.caption(_("None yet. Look at eight, then order a batch."))
        return
    types, only = st.columns([3, 3], vertical_alignment="bottom")
    chosen = types.selectbox(
        _("Show type"),
        ["", *counts],
        format_func=lambda name: (
            _("All ({n})").format(n=sum(counts.values())) if not name else f"{name} ({counts[name]})"
        ),
        key="generate-shown-type",
    )
    request = st.session_state.get(REQUEST) or (last_report(part.name, "generate") or {}).get("request")
    last = only.toggle(_("Only the last batch"), key="generate-only-last", disabled=request is None)
    sample_gallery(
        session, part, key="generate", defect_type=chosen or None, request_sha256=request if last else None
    )
