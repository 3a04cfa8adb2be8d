"""The page on sample quality quotes the figures that the command wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
RESULT = json.loads((DOCS / "results" / "sample_quality_magnetic_tile.json").read_text())
PAGE = (DOCS / "how_to" / "sample_quality.md").read_text()


@pytest.mark.parametrize("line", RESULT["passes"], ids=lambda line: line["limit"])
def test_each_pass_rate_is_quoted(line: dict[str, float]) -> None:
    written = {"all": "every one", "all but faint and near-copy": "all but faint and near-copy"}
    name = written.get(str(line["limit"]), f"`{line['limit']}`")
    assert f"| {name} | {100 * line['samples']:.1f} % | {100 * line['held_out_real']:.1f} % |" in PAGE


def test_the_share_of_near_copies_is_under_one_percent() -> None:
    assert RESULT["near_copy_share"] < 0.01
    assert RESULT["samples"] == 1000


def test_uneven_areas_and_cracks_fail_as_often_as_the_page_says() -> None:
    failing = {(line["defect_type"], line["score"]): line["failing"] for line in RESULT["scores"]}
    assert f"({100 * failing['uneven', 'seam']:.0f} %)" in PAGE
    assert failing["crack", "mask_fit"] == pytest.approx(0.25, abs=0.02)
    assert failing["crack", "grain"] == pytest.approx(1 / 8, abs=0.02)
