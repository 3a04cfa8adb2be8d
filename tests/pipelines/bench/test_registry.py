from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from data_registry.errors import AlreadyExists
from data_registry.session import open_registry
from pipelines.bench import registry as bench_registry
from pipelines.bench.registry import Figure

ROWS = 6_000


def test_a_small_bench_measures_everything_and_reaches_its_targets(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.sqlite3'}"
    report = bench_registry.run(ROWS, url, looks=20)
    figures = {figure.name: figure for figure in report.figures}
    assert (report.database, report.rows) == ("sqlite", ROWS)
    assert figures["insert rate"].value > 500
    assert figures["memory growth after the first tenth"].reached
    assert figures["memory at its highest"].value > 10
    for name in ("all", "good", "defective", "hold-out", "mask wanted", "crack, generator"):
        assert 0 < figures[f"page of 60, {name}, p50"].value <= figures[f"page of 60, {name}, p95"].value
    assert figures["look-up by hash, p95"].value > 0
    assert figures["counts of a part, p95"].value > 0
    assert report.reached == all(figure.reached is not False for figure in report.figures)
    with open_registry(url) as registry, registry.read() as work:
        counts = work.images.counts(work.parts.get("bench").id)
    assert sum(count.n for count in counts) == ROWS
    assert sum(count.n for count in counts if count.kind == "defect") == ROWS // 10
    assert sum(count.n for count in counts if count.has_mask) == ROWS // 20
    assert {count.defect_type for count in counts} == {None, "crack", "pit", "stain", "scratch", "chip"}


def test_a_registry_in_use_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.sqlite3'}"
    with open_registry(url) as registry:
        with registry.write() as work:
            work.parts.add("tile", source_root="x")
        with pytest.raises(AlreadyExists, match="1 parts"):
            bench_registry.run(10, url)
        with registry.read() as work:
            assert [part.name for part in work.parts.list()] == ["tile"]


def test_the_throw_away_registry_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert bench_registry.run(50, looks=5).rows == 50
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "target", "more", "reached"),
    [
        (6000.0, 5000.0, True, True),
        (4000.0, 5000.0, True, False),
        (40.0, 50.0, False, True),
        (60.0, 50.0, False, False),
        (60.0, None, False, None),
    ],
)
def test_a_figure_knows_its_target(
    value: float, target: float | None, more: bool, reached: bool | None
) -> None:
    assert bench_registry._figure("any", value, "ms", target, more=more) == Figure(
        name="any", value=value, unit="ms", target=target, reached=reached
    )
