"""What is painted on the plant's own pictures: masks that are missing, and where defects may sit on the part."""

from __future__ import annotations

import streamlit as st

from data_registry.records import PartRecord
from pipelines.queries import catalogue as queries_catalogue
from ui.cache import small_picture
from ui.error_box import errors_shown
from ui.language.words import _
from ui.state import Session
from ui.widgets.empty import need
from ui.widgets.gallery import Tile, gallery, page_buttons, start_of_page
from ui.widgets.painter import paint

MASK_OF, REGION_OF = "mask-of", "region-of"


def show_missing_masks(session: Session, part: PartRecord) -> None:
    """Defective pictures without a mask; one at a time to paint."""
    key = f"no-mask-{part.id}"
    rows = queries_catalogue.page(
        session.work, part, kind="defect", with_mask=False, after_id=start_of_page(key, 0)
    )
    if not rows:
        need(
            _("Every defect has its mask"),
            _("Defects that come in without a mask are listed here to be painted."),
        )
        return
    chosen = st.session_state.get(MASK_OF)
    row = next((one for one in rows if one.id == chosen), None)
    if row is not None:
        _paint_mask(session, part, row.id, row.defect_type or "")
        return
    st.markdown(_("Choose a picture and paint over its defect. Without a mask nothing is learned from it."))
    tiles = [
        Tile(str(one.id), small_picture(one.sha256, bit_depth=one.bit_depth), f"#{one.id} {one.defect_type}")
        for one in rows
    ]
    pressed = gallery(tiles, key=key, actions=[("paint", _("Paint"))])
    page_buttons(key, 0, rows[-1].id, more=len(rows) == queries_catalogue.PAGE)
    if pressed:
        st.session_state[MASK_OF] = int(pressed[1])
        st.rerun()


@st.fragment
def _paint_mask(session: Session, part: PartRecord, image_id: int, defect_type: str) -> None:
    with errors_shown():
        st.markdown(_("Picture #{n} · {type}").format(n=image_id, type=defect_type))
        canvas = queries_catalogue.canvas(session.work, part, image_id)
        draft = session.service.read_draft(part=part.name, canvas=canvas.key)
        painted = paint(canvas, key="mask-painter", strokes=draft)
        if painted.touched and painted.strokes != draft:
            session.service.keep_draft(part=part.name, canvas=canvas.key, strokes=painted.strokes)
        save, back, _rest = st.columns([2, 2, 4])
        if save.button(
            _("Save the mask"),
            type="primary",
            icon=":material/check:",
            disabled=not painted.pixels,
            width="stretch",
        ):
            session.service.give_mask(part=part.name, image_id=image_id, mask=painted.mask)
            session.service.keep_draft(part=part.name, canvas=canvas.key, strokes=[])
            st.session_state.pop(MASK_OF, None)
            st.rerun()
        if back.button(_("Another picture"), icon=":material/arrow_back:", width="stretch"):
            st.session_state.pop(MASK_OF, None)
            st.rerun()


def show_region(session: Session, part: PartRecord) -> None:
    """Millimetres per pixel, and the area of the picture that defects may be drawn in."""
    if not session.may("change part"):
        st.info(_("These are set by engineers."), icon=":material/lock:")
        return
    _scale(session, part)
    st.subheader(_("Allowed region"))
    rows = queries_catalogue.page(session.work, part, kind="good", limit=1)
    if not rows:
        need(_("No good pictures yet"), _("Choose “Add pictures”."))
        return
    st.markdown(
        _(
            "Paint where defects may be drawn, on a good picture that shows the part where it always lies. The region "
            "is used for every picture of the part. Without one, the whole part is allowed."
        )
    )
    if part.allowed_region_sha256 is not None:
        shown = queries_catalogue.region_shown(session.work, part, rows[0].id)
        picture, clear = st.columns([1, 2])
        if shown is not None:
            picture.image(shown, caption=_("The region that is set"), width=320)
        if clear.button(_("Allow the whole part"), icon=":material/delete:"):
            session.service.set_region(part=part.name, region=None)
            st.rerun()
    _paint_region(session, part, rows[0].id)


def _scale(session: Session, part: PartRecord) -> None:
    st.subheader(_("Scale"))
    figure, save, _rest = st.columns([2, 2, 4], vertical_alignment="bottom")
    value = figure.number_input(
        _("Millimetres per pixel"),
        0.0,
        None,
        part.mm_per_pixel or 0.0,
        0.001,
        format="%.4f",
        help=_("0: unknown"),
        key=f"scale-{part.id}",
    )
    if save.button(_("Save the scale"), disabled=value == (part.mm_per_pixel or 0.0), width="stretch"):
        session.service.set_scale(part=part.name, mm_per_pixel=value or None)
        st.rerun()


@st.fragment
def _paint_region(session: Session, part: PartRecord, image_id: int) -> None:
    with errors_shown():
        canvas = queries_catalogue.canvas(session.work, part, image_id)
        name = f"region-{canvas.key}"
        draft = session.service.read_draft(part=part.name, canvas=name)
        painted = paint(canvas, key="region-painter", strokes=draft)
        if painted.touched and painted.strokes != draft:
            session.service.keep_draft(part=part.name, canvas=name, strokes=painted.strokes)
        if st.button(
            _("Save the region"), type="primary", icon=":material/check:", disabled=not painted.pixels
        ):
            session.service.set_region(part=part.name, region=painted.mask)
            session.service.keep_draft(part=part.name, canvas=name, strokes=[])
            st.rerun()
