"""A throw-away home with many samples: the source stays as it was, and a part without samples is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data_registry.errors import NotFound
from factory_gen.errors import InputRefused
from pipelines.bench.pages_home import make_home
from pipelines.wiring import open_workplace
from tests.pipelines.drawn_part import draw_part, workplace


def test_samples_are_added_to_a_copy(tmp_path: Path) -> None:
    with workplace(tmp_path / "real") as work:
        draw_part(work, samples=4)
        source = work.settings
    made = make_home(source, tmp_path / "many", "tile", samples=60, pictures=9)
    with open_workplace(made) as work, work.registry.read() as rows:
        part = rows.parts.get("tile")
        samples = rows.samples.page(part.id, limit=200)
        assert len(samples) == 64
        assert sum(one.latest_review is not None for one in samples) == 12
        added = samples[4:]
        assert len({one.image_sha256 for one in added}) == 9
        assert all(work.blobs.read(one.image_sha256) for one in added[:9])
        assert len(list((made.home / "thumbnails").rglob("*.jpg"))) == 18
    with open_workplace(source) as work, work.registry.read() as rows:
        assert len(rows.samples.page(rows.parts.get("tile").id, limit=200)) == 4
    assert made.models_dir == source.models_dir and made.blobs_dir != source.blobs_dir


def test_what_cannot_be_copied_is_refused(tmp_path: Path) -> None:
    with workplace(tmp_path / "real") as work:
        draw_part(work, samples=0)
        source = work.settings
    with pytest.raises(InputRefused, match="factory-gen generate"):
        make_home(source, tmp_path / "a", "tile", samples=10, pictures=2)
    with pytest.raises(NotFound):
        make_home(source, tmp_path / "b", "bolt", samples=10, pictures=2)
    elsewhere = replace(source, registry_url="postgresql://plant/registry")
    with pytest.raises(InputRefused, match="SQLite"):
        make_home(elsewhere, tmp_path / "c", "tile", samples=10, pictures=2)
