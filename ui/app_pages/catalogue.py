"""Catalogue: the plant's own pictures. Add them, look through them, draw missing masks, say where defects may sit."""

from __future__ import annotations

import streamlit as st

from data_registry.records import PartRecord, SourceImageRecord
from pipelines.queries import catalogue as queries_catalogue
from pipelines.queries.catalogue import CatalogueFacts
from ui.cache import small_picture
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.catalogue_counts import show_counts
from ui.widgets.empty import need
from ui.widgets.gallery import Tile, gallery, page_buttons, start_of_page
from ui.widgets.intake import show_intake
from ui.widgets.painted_masks import show_missing_masks, show_region
from ui.widgets.samples import small_overlay

VIEWS = {
    "pictures": N_("Pictures"),
    "counts": N_("Counts and sizes"),
    "add": N_("Add pictures"),
    "masks": N_("Missing masks"),
    "part": N_("Region and scale"),
}
SPLITS = {"generator": N_("generator"), "holdout": N_("hold-out")}


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Catalogue"))
    if session.part is None:
        need(
            _("There is no part yet"),
            _("Add a zip or a folder of pictures below. Nothing is written before you have seen the report."),
        )
        show_intake(session)
        return
    part, facts = session.part, queries_catalogue.facts(session.work, session.part)
    _summary(facts)
    chosen = st.segmented_control(
        _("View"),
        list(VIEWS),
        default="pictures" if facts.total else "add",
        format_func=lambda name: _label(name, facts),
        key="catalogue-view",
        label_visibility="collapsed",
    )
    if chosen == "counts":
        show_counts(facts)
    elif chosen == "add":
        show_intake(session)
    elif chosen == "masks":
        show_missing_masks(session, part)
    elif chosen == "part":
        show_region(session, part)
    else:
        _pictures(session, part, facts)


def _label(name: str, facts: CatalogueFacts) -> str:
    if name == "masks" and facts.without_mask:
        return f"{_(VIEWS[name])} ({facts.without_mask})"
    return _(VIEWS[name])


def _summary(facts: CatalogueFacts) -> None:
    good = sum(one.generator + one.holdout for one in facts.types if one.defect_type is None)
    figures = (
        (_("Good pictures"), good),
        (_("Defects"), facts.total - good),
        (_("Defect types"), len(facts.defect_types)),
        (_("Masks missing"), facts.without_mask),
        (_("Catalogue version"), facts.version or "–"),
    )
    for column, (label, value) in zip(st.columns(len(figures)), figures, strict=True):
        column.metric(label, value)


def _pictures(session: Session, part: PartRecord, facts: CatalogueFacts) -> None:
    if not facts.total:
        need(_("This part has no pictures"), _("Choose “Add pictures”."))
        return
    types, splits, outline = st.columns([3, 2, 2], vertical_alignment="bottom")
    kind = types.selectbox(
        _("Show type"),
        ["", "good", *(f"defect:{name}" for name in facts.defect_types)],
        format_func=_type_words,
        key="catalogue-type",
    )
    split = splits.selectbox(
        _("Split"),
        ["", *SPLITS],
        format_func=lambda name: _(SPLITS[name]) if name else _("Both"),
        key="catalogue-split",
        help=_("The generator learns from one side. The hold-out is kept back to judge with."),
    )
    with_outline = outline.toggle(_("Outline"), True, key="catalogue-outline")
    key = f"catalogue-{part.id}-{kind}-{split}"
    rows = queries_catalogue.page(
        session.work,
        part,
        after_id=start_of_page(key, 0),
        kind=kind.partition(":")[0] or None,
        defect_type=kind.partition(":")[2] or None,
        split=split or None,
    )
    gallery([_tile(row, with_outline) for row in rows], key=key)
    page_buttons(key, 0, rows[-1].id if rows else None, more=len(rows) == queries_catalogue.PAGE)


def _type_words(name: str) -> str:
    if not name:
        return _("All pictures")
    return _("Good") if name == "good" else name.partition(":")[2]


def _tile(row: SourceImageRecord, with_outline: bool) -> Tile:
    if with_outline and row.mask_sha256 is not None:
        picture = small_overlay(row.sha256, row.mask_sha256, row.bit_depth)
    else:
        picture = small_picture(row.sha256, bit_depth=row.bit_depth)
    what = row.defect_type or _("good")
    wanted = " · " + _("no mask") if row.kind == "defect" and row.mask_sha256 is None else ""
    return Tile(str(row.id), picture, f"#{row.id} {what} · {_(SPLITS[row.split])}{wanted}")
