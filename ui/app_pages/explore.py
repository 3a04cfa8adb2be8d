"""Explore: walk between two pictures, see what prior and flow do, find the real defects that a sample resembles."""

from __future__ import annotations

import streamlit as st

from data_registry.records import PartRecord
from pipelines.explore import Nearest, Shown, Stages, Walk
from pipelines.queries import catalogue as queries_catalogue
from pipelines.queries import samples as queries_samples
from ui.cache import small_picture
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.empty import need, needs_part
from ui.widgets.gallery import Tile, gallery, page_buttons, start_of_page
from ui.widgets.samples import sample_gallery, small_overlay

VIEWS = {
    "walk": N_("From one to another"),
    "stages": N_("Prior and solver calls"),
    "nearest": N_("Nearest real defects"),
}
ENDS = ("first", "second")
WALK, STAGES, NEAREST = "explore-walk", "explore-stages", "explore-nearest"


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Explore"))
    part = needs_part(session)
    if part is None:
        return
    if not queries_samples.models(session.work, part):
        need(
            _("A trained model is needed"), _("Train one on the page Training, or with `factory-gen train`.")
        )
        return
    chosen = st.segmented_control(
        _("View"), list(VIEWS), default="walk", format_func=lambda name: _(VIEWS[name]), key="explore-view"
    )
    {"walk": _walk, "stages": _stages, "nearest": _nearest}[chosen or "walk"](session, part)


def _walk(session: Session, part: PartRecord) -> None:
    st.markdown(
        _(
            "Choose two pictures. The strip goes from one to the other through the prior's code, with the noise held "
            "fixed: what changes is only what the code says."
        )
    )
    ends: dict[str, str] = st.session_state.setdefault(f"explore-ends-{part.id}", {})
    first, second, count, seed, go = st.columns([2, 2, 2, 1, 2], vertical_alignment="bottom")
    for column, end, label in ((first, "first", _("First")), (second, "second", _("Second"))):
        column.text_input(label, _name(ends.get(end)), disabled=True, key=f"explore-{end}-{ends.get(end)}")
    frames = count.slider(_("Pictures"), 3, 12, 8, key="explore-frames")
    number = seed.number_input(_("Seed"), 0, 2**31 - 1, 0, key="explore-walk-seed")
    ready = len(ends) == len(ENDS) and session.may("try")
    if go.button(_("Draw the strip"), type="primary", disabled=not ready, width="stretch"):
        with st.spinner(_("Drawing"), show_time=True):
            st.session_state[WALK] = (
                part.id,
                session.service.walk(
                    part=part.name,
                    first=ends["first"],
                    second=ends["second"],
                    frames=frames,
                    seed=int(number),
                ),
            )
    held = st.session_state.get(WALK)
    if held is not None and held[0] == part.id:
        _strip(held[1])
    kind = st.segmented_control(
        _("Choose from"),
        ["sample", "source"],
        default="sample",
        format_func=lambda name: _("Samples") if name == "sample" else _("Real defects"),
        key="explore-kind",
    )
    actions = [("first", _("First")), ("second", _("Second"))]
    if kind == "source":
        pressed = _real_gallery(session, part, actions)
    else:
        pressed = sample_gallery(session, part, key="explore-walk", limit=16, actions=actions)
    if pressed is not None:
        ends[pressed[0]] = f"{kind or 'sample'}:{pressed[1]}"
        st.rerun()


def _name(end: str | None) -> str:
    if end is None:
        return _("choose below")
    kind, number = end.split(":")
    return (_("Sample {n}") if kind == "sample" else _("Real defect {n}")).format(n=number)


def _strip(found: Walk) -> None:
    st.caption(
        _("Model {model}, {steps} solver calls, {seconds:.1f} s").format(
            model=found.model, steps=found.steps, seconds=found.seconds
        )
    )
    for label, frames in ((_("Result"), found.by_flow), (_("Prior mean alone"), found.by_mean)):
        st.markdown(f"**{label}**")
        for index, (column, frame) in enumerate(
            zip(st.columns(len(frames), gap="small"), frames, strict=True)
        ):
            share = round(100 * index / (len(frames) - 1))
            column.image(frame, caption=f"{share} %", width="stretch")


def _real_gallery(
    session: Session, part: PartRecord, actions: list[tuple[str, str]]
) -> tuple[str, int] | None:
    key = f"explore-real-{part.id}"
    rows = queries_catalogue.page(
        session.work, part, kind="defect", with_mask=True, after_id=start_of_page(key, 0), limit=16
    )
    if not rows:
        need(_("No real defects with masks"), _("Add some, or draw their masks, on the page Catalogue."))
        return None
    tiles = [
        Tile(
            str(row.id),
            small_overlay(row.sha256, row.mask_sha256, row.bit_depth)
            if row.mask_sha256
            else small_picture(row.sha256, bit_depth=row.bit_depth),
            f"#{row.id} {row.defect_type}",
        )
        for row in rows
    ]
    pressed = gallery(tiles, key=key, actions=actions)
    page_buttons(key, 0, rows[-1].id, more=len(rows) == 16)
    return None if pressed is None else (pressed[0], int(pressed[1]))


def _stages(session: Session, part: PartRecord) -> None:
    st.markdown(
        _(
            "Choose a sample. Its defect is drawn anew from one code and one noise, and shown at every stage: what the "
            "learned prior expects, one draw from the prior, and what 1, 2, 4 and 8 calls of the flow make of it."
        )
    )
    seed = int(st.number_input(_("Seed"), 0, 2**31 - 1, 0, key="explore-stages-seed", width=160))
    held = st.session_state.get(STAGES)
    if held is not None and held[0] == part.id:
        _row(held[1], held[2])
    pressed = _one_sample(session, part, "explore-stages")
    if pressed is not None:
        with st.spinner(_("Drawing"), show_time=True):
            found = session.service.stages(part=part.name, sample_id=pressed, seed=seed)
        st.session_state[STAGES] = part.id, pressed, found
        st.rerun()


def _row(sample_id: int, found: Stages) -> None:
    st.markdown(
        _("**Sample {n}** · {type} · model {model}").format(
            n=sample_id, type=found.defect_type, model=found.model
        )
    )
    columns = st.columns(len(found.shown) + 1, gap="small")
    columns[0].image(found.mask, caption=_("Mask"), width="stretch")
    for column, one in zip(columns[1:], found.shown, strict=True):
        column.image(one.picture, caption=_stage_words(one), width="stretch")
    st.caption(_("Times are for one window, from the known surroundings to the finished picture."))


def _stage_words(one: Shown) -> str:
    if one.name == "source":
        return _("Good picture")
    if one.name == "mean":
        return _("Prior mean · {ms:.0f} ms").format(ms=1000 * one.seconds)
    if one.name == "sample":
        return _("Prior sample · {ms:.0f} ms").format(ms=1000 * one.seconds)
    return _("{n} calls ({solver}) · {ms:.0f} ms").format(
        n=one.calls, solver=one.solver, ms=1000 * one.seconds
    )


def _nearest(session: Session, part: PartRecord) -> None:
    st.markdown(
        _(
            "Choose a sample. The real defects that it resembles most are shown with their distance: 0 is the same, "
            "1 has nothing in common, whatever the place, size, turn and brightness."
        )
    )
    held = st.session_state.get(NEAREST)
    if held is not None and held[0] == part.id:
        _neighbours(held[1], held[2])
    pressed = _one_sample(session, part, "explore-nearest")
    if pressed is not None:
        with st.spinner(_("Looking"), show_time=True):
            found = session.service.nearest_real(part=part.name, sample_id=pressed)
        st.session_state[NEAREST] = part.id, pressed, found
        st.rerun()


def _neighbours(sample_id: int, found: Nearest) -> None:
    real = (
        ""
        if found.real_median is None
        else _(" Real defects of different parts are {median:.2f} apart from their nearest (median).").format(
            median=found.real_median
        )
    )
    st.markdown(
        _("**Sample {n}** · {type}. Below {limit:.2f} it would be sent back as a copy.").format(
            n=sample_id, type=found.defect_type, limit=found.limit
        )
        + real
    )
    columns = st.columns(len(found.neighbours) + 1, gap="small")
    columns[0].image(found.sample, caption=_("Sample {n}").format(n=sample_id), width="stretch")
    for column, one in zip(columns[1:], found.neighbours, strict=True):
        near = " :material/warning: " + _("copy") if one.distance < found.limit else ""
        column.image(one.picture, caption=f"{one.distance:.2f} · #{one.image_id}", width="stretch")
        if near:
            column.caption(near)


def _one_sample(session: Session, part: PartRecord, key: str) -> int | None:
    counts = queries_samples.counts(session.work, part)
    if not counts:
        need(_("No samples yet"), _("Make some on the page Generate."))
        return None
    kind = st.selectbox(
        _("Show type"),
        ["", *counts],
        format_func=lambda name: name or _("All types"),
        key=f"{key}-type",
        width=300,
    )
    pressed = sample_gallery(
        session, part, key=key, defect_type=kind or None, limit=16, actions=[("look", _("Look"))]
    )
    return None if pressed is None or not session.may("try") else pressed[1]
