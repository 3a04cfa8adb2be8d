"""Inpaint: choose a good picture, paint where the defect goes, look at four ways to fill it, keep what is good."""

from __future__ import annotations

import streamlit as st

from data_registry.records import PartRecord
from pipelines.drawing.variants import Variants
from pipelines.queries import catalogue as queries_catalogue
from pipelines.queries import samples as queries_samples
from pipelines.queries.samples import ModelFacts
from ui.cache import small_picture
from ui.error_box import errors_shown
from ui.language.words import _
from ui.state import Session
from ui.widgets.empty import need, needs_part
from ui.widgets.gallery import Tile, gallery, page_buttons, start_of_page
from ui.widgets.painter import Painted, paint
from ui.widgets.variants import show_variants

IMAGE = "image"  # in the address, so that a reload comes back to the same picture
DRAWN = "inpaint-variants"


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Inpaint"))
    part = needs_part(session)
    if part is None:
        return
    models = queries_samples.models(session.work, part)
    if not models:
        need(
            _("A trained model is needed"), _("Train one on the page Training, or with `factory-gen train`.")
        )
        return
    image_id = _chosen()
    if image_id is None:
        _choose(session, part)
        return
    _work_on(session, part, models, image_id)


def _chosen() -> int | None:
    text = st.query_params.get(IMAGE, "")
    return int(text) if text.isdigit() else None


def _choose(session: Session, part: PartRecord) -> None:
    st.markdown(
        _("**1. Choose a good picture.** The defect is painted into it; the picture itself never changes.")
    )
    key = f"inpaint-good-{part.id}"
    rows = queries_catalogue.page(
        session.work, part, kind="good", after_id=start_of_page(key, 0), limit=queries_catalogue.PAGE
    )
    if not rows:
        need(_("No good pictures yet"), _("Add some on the page Catalogue."))
        return
    tiles = [
        Tile(str(row.id), small_picture(row.sha256, bit_depth=row.bit_depth), f"#{row.id}") for row in rows
    ]
    pressed = gallery(tiles, key=key, actions=[("paint", _("Paint"))])
    page_buttons(key, 0, rows[-1].id, more=len(rows) == queries_catalogue.PAGE)
    if pressed:
        st.query_params[IMAGE] = pressed[1]
        st.rerun()


def _work_on(session: Session, part: PartRecord, models: list[ModelFacts], image_id: int) -> None:
    canvas = queries_catalogue.canvas(session.work, part, image_id)
    back, title = st.columns([1, 4], vertical_alignment="center")
    if back.button(_("Another picture"), icon=":material/arrow_back:", width="stretch"):
        del st.query_params[IMAGE]
        st.session_state.pop(DRAWN, None)
        st.rerun()
    scale = f" · {canvas.mm_per_pixel:g} mm/px" if canvas.mm_per_pixel else ""
    title.markdown(
        _("**2. Paint where the defect goes** · picture #{n}, {width} x {height} px").format(
            n=image_id, width=canvas.width, height=canvas.height
        )
        + scale
    )
    _paint_and_draw(session, part, models, image_id)


@st.fragment
def _paint_and_draw(session: Session, part: PartRecord, models: list[ModelFacts], image_id: int) -> None:
    """The painter and what follows from it; a stroke draws only this anew."""
    with errors_shown():
        canvas = queries_catalogue.canvas(session.work, part, image_id)
        draft = session.service.read_draft(part=part.name, canvas=canvas.key)
        painted = paint(canvas, key="inpaint-painter", strokes=draft)
        if painted.touched and painted.strokes != draft:
            session.service.keep_draft(part=part.name, canvas=canvas.key, strokes=painted.strokes)
        _draw_four(session, part, models, image_id, painted)
        drawn: Variants | None = st.session_state.get(DRAWN)
        if drawn is not None and drawn.source_id == image_id:
            show_variants(session, part, drawn, state_key=DRAWN)


def _draw_four(
    session: Session, part: PartRecord, models: list[ModelFacts], image_id: int, painted: Painted
) -> None:
    types, strength, seed, go = st.columns([2, 3, 1, 2], vertical_alignment="bottom")
    defect = types.selectbox(_("Defect type"), models[0].types, key="inpaint-type")
    wanted = strength.slider(
        _("Severity"),
        0.0,
        1.0,
        0.5,
        0.05,
        key="inpaint-strength",
        help=_("0 is as faint as the faintest real defect of this type, 1 as strong as the strongest."),
    )
    number = seed.number_input(_("Seed"), 0, 2**31 - 1, 0, key="inpaint-seed")
    ready = painted.pixels > 0 and session.may("try")
    if go.button(
        _("Draw 4 variants"), type="primary", icon=":material/brush:", disabled=not ready, width="stretch"
    ):
        with st.spinner(_("Drawing"), show_time=True):
            st.session_state[DRAWN] = session.service.draw_variants(
                part=part.name,
                image_id=image_id,
                mask=painted.mask,
                defect=str(defect),
                strength=float(wanted),
                seed=int(number),
            )
    if not painted.pixels:
        st.caption(_("Nothing is painted yet. What you paint is kept, also when this page is loaded again."))
    else:
        st.caption(_("{n} pixels are painted and kept.").format(n=painted.pixels))
