"""A page of stored samples, newest first, with or without the defect's outline."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data_registry.records import PartRecord
from pipelines.pictures.overlays import overlay
from pipelines.queries import samples as queries_samples
from ui.cache import small_picture, workplace
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.gallery import Tile, gallery, page_buttons, start_of_page

DECISIONS = {"ok": N_("OK"), "ng": N_("NG"), "undecided": N_("undecided")}


@st.cache_data(show_spinner=False, max_entries=4000)
def small_overlay(image_sha256: str, mask_sha256: str, bit_depth: int, edge: int = 160) -> bytes:
    """JPEG of a stored picture with its mask's outline."""
    return overlay(workplace(), image_sha256, mask_sha256, edge=edge, bit_depth=bit_depth)


def sample_gallery(
    session: Session,
    part: PartRecord,
    *,
    key: str,
    defect_type: str | None = None,
    request_sha256: str | None = None,
    limit: int = queries_samples.PAGE,
    columns: int = 8,
    actions: Sequence[tuple[str, str]] = (),
) -> tuple[str, int] | None:
    """Draw a page of samples; with actions, gives the name of the one that was pressed and the sample's number."""
    outline = st.toggle(_("Outline"), True, key=f"{key}-outline")
    own = f"{key}-samples-{part.id}-{defect_type}-{request_sha256}"
    found = queries_samples.page(
        session.work,
        part,
        before_id=start_of_page(own, queries_samples.NEWEST),
        limit=limit,
        defect_type=defect_type,
        request_sha256=request_sha256,
    )
    tiles = []
    for one in found:
        sample = one.sample
        picture = (
            small_overlay(sample.image_sha256, sample.mask_sha256, one.bit_depth)
            if outline
            else small_picture(sample.image_sha256, bit_depth=one.bit_depth)
        )
        decision = f" · {_(DECISIONS[sample.latest_review])}" if sample.latest_review else ""
        tiles.append(Tile(str(sample.id), picture, f"#{sample.id} {sample.defect_type}{decision}"))
    pressed = gallery(tiles, key=own, columns=columns, actions=actions)
    page_buttons(
        own, queries_samples.NEWEST, found[-1].sample.id if found else None, more=len(found) == limit
    )
    return None if pressed is None else (pressed[0], int(pressed[1]))
