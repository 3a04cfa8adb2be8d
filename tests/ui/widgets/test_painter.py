"""What the painter's page makes of what a browser sent: only a mask of this very picture counts."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np
import pytest

from factory_gen.images.files import encode_mask, encode_png
from pipelines.queries.catalogue import Canvas
from tests.drawn_files import blob_mask, colour
from ui.widgets.painter import CSS, HTML, JS, read_drawn, words

SIZE = (40, 60)
CANVAS = Canvas(key="7-abc", picture=b"", width=60, height=40, mm_per_pixel=0.1, group="g")
STROKES = [{"erase": False, "size": 6, "pts": [[1, 2]]}]


def sent(**changes: Any) -> dict[str, Any]:
    mask = encode_mask(blob_mask(SIZE))
    png = "data:image/png;base64," + base64.b64encode(mask).decode()
    return {"key": "7-abc", "round": 0, "png": png, "strokes": STROKES} | changes


def test_a_mask_comes_back_pixel_by_pixel() -> None:
    painted = read_drawn(sent(), CANVAS)
    assert np.array_equal(painted.mask, blob_mask(SIZE))
    assert painted.pixels == int(blob_mask(SIZE).sum())
    assert painted.strokes == STROKES
    assert painted.touched


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "text",
        {},
        sent(key="another picture"),
        sent(round=1),
        sent(png="data:image/png;base64,AAAA"),
        sent(png="data:image/png;base64," + base64.b64encode(encode_mask(blob_mask((41, 60)))).decode()),
    ],
)
def test_anything_else_is_nothing_painted(wrong: Any) -> None:
    painted = read_drawn(wrong, CANVAS)
    assert painted.mask.shape == SIZE
    assert painted.pixels == 0
    assert not painted.touched


def test_all_wiped_out_is_a_draft_of_nothing() -> None:
    painted = read_drawn(sent(png=None, strokes=[]), CANVAS)
    assert (painted.pixels, painted.strokes, painted.touched) == (0, [], True)


def test_a_picture_in_colour_is_read_as_grey() -> None:
    picture = base64.b64encode(encode_png(colour(1, SIZE))).decode()
    assert read_drawn(sent(png=f"data:image/png;base64,{picture}"), CANVAS).mask.shape == SIZE


def test_every_button_has_a_word_and_every_key_is_a_code() -> None:
    texts = words()
    for mark in ("data-tool", "data-do", "data-word"):
        names = [piece.split('"')[1] for piece in HTML.split(mark)[1:]]
        assert names
        assert [name for name in names if name not in texts] == []
    assert "e.code" in JS
    assert re.search(r"\be\.key\b", JS) is None
    assert "44px" in CSS
    assert "http" not in JS + CSS + HTML
