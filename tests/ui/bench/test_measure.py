"""The bench against a real server: visitors walk, review and leave; figures say what was met."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from pipelines.progress import Silent
from tests.pipelines.drawn_part import draw_part, workplace
from ui.bench.load import WALK, Times
from ui.bench.measure import Amounts, _figures, _growth, run

pytestmark = pytest.mark.slow


def test_a_small_bench_sees_every_page_and_no_failure(tmp_path: Path) -> None:
    with workplace(tmp_path / "real") as work:
        draw_part(work, samples=6)
        settings = work.settings
    amounts = Amounts(
        samples=300,
        pictures=12,
        sessions=4,
        reviewers=2,
        seconds=14.0,
        visits=1,
        rounds=1,
        keys=4,
        previews=0,
    )
    report = run(settings, "tile", amounts, Silent())
    assert report.failures == []
    assert set(report.page_change_ms) == set(WALK)
    figures = {one.name: one for one in report.figures}
    assert figures["failures"].reached and figures["together: page changes"].value > 0
    assert figures["together: decisions"].value > 0
    assert figures["review key to next picture, p95"].value > 0
    assert figures["server's memory at its highest"].value > 100
    assert not list(settings.home.parent.glob("factory-gen-pages-*"))


def test_figures_say_what_was_missed() -> None:
    slow = Times(first_page=[2.5], gallery=[0.2], key=[0.1], preview=[4.0, 6.0], failures=["x"])
    slow.changed("home", 0.1)
    memory = [(float(at), 900.0 + at) for at in range(0, 300, 5)]
    figures = {one.name: one for one in _figures(slow, slow, memory)}
    missed = {name for name, one in figures.items() if one.reached is False}
    assert missed == {
        "first page, p95",
        "preview of 8 defects, model warm, slowest",
        "failures",
        "server's memory, growth after the first minute",
    }
    assert math.isclose(_growth(memory), 195.0, abs_tol=10.0)
