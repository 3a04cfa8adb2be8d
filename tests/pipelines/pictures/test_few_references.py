"""A model that may know only a few real defects per type: in training, when it draws, and in what the gate believes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from factory_gen.images.demo_plant import draw_plant
from factory_gen.sampler.recipe import WindowSettings
from pipelines import ingest
from pipelines.pictures.part_images import first_of_each, generator_images, load_pictures
from pipelines.scoring.real_looks import real_looks
from tests.pipelines.ingested import workplace


def test_so_many_of_each_type_are_kept_whatever_their_order() -> None:
    pictures = [(f"{n:02d}", "dent") for n in range(9)] + [(f"{n:02d}", "scratch") for n in range(20, 22)]
    kept = first_of_each(pictures, 3)
    assert kept == {"00", "01", "02", "20", "21"}
    assert first_of_each(pictures[::-1], 3) == kept
    assert first_of_each(pictures, 0) == {name for name, _ in pictures}


def test_a_picture_with_two_types_counts_for_both() -> None:
    assert first_of_each([("a", "dent"), ("a", "scratch"), ("b", "dent"), ("c", "scratch")], 1) == {"a"}


def test_a_training_sees_only_these(tmp_path: Path) -> None:
    draw_plant(tmp_path / "plant", seed=2, good=12, defective=36, side=96)
    with workplace(tmp_path / "home") as work:
        ingest.run(work, tmp_path / "plant", part="ring")
        with work.registry.read() as rows:
            part = rows.parts.get("ring")
        every = Counter(row.defect_type for row in generator_images(work, part, kind="defect"))
        assert max(every.values()) > 2
        few = Counter(row.defect_type for row in generator_images(work, part, kind="defect", few=2))
        assert few == {name: min(count, 2) for name, count in every.items()}
        pictures = load_pictures(work, part, view="window", window=64, few=2)
        assert len(pictures.defective) == sum(few.values())
        assert len(pictures.good) == len(load_pictures(work, part, view="window", window=64).good)
        assert Counter(real.defect_type for real in real_looks(work, part, 2)) == few


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="references"):
        replace(WindowSettings(), references=-1)
