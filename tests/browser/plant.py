"""A small demo plant with a model that was trained for seconds, and its samples."""

from __future__ import annotations

from pathlib import Path

from pipelines import generate
from tests.pipelines.drawn_part import workplace
from tests.pipelines.trained_part import PART, ingest_plant, train_part

SAMPLES = 100


def make_home(folder: Path) -> Path:
    """A small demo plant with a model and samples; gives the home."""
    home = folder / "home"
    home.mkdir(parents=True)
    with workplace(home) as work:
        ingest_plant(work, folder, good=24, defective=9)
        train_part(work, folder)
        generate.run(work, PART, count=SAMPLES)
    return home
