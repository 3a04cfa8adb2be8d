"""A small demo plant, ingested and trained for a handful of steps: what the jobs' tests share."""

from __future__ import annotations

from pathlib import Path

from factory_gen.images.demo_plant import draw_plant
from pipelines import ingest, train
from pipelines.train import TrainReport
from pipelines.wiring import Workplace

PART = "ring"
RECIPE = """
[windows]
size = 32
augment = ["flip-x"]
bank = 64
[training]
precision = "no"
ema = 0.5
measure_windows = 32
[autoencoder]
latent_channels = 4
width_half = 8
width_quarter = 16
blocks = 1
steps = 80
batch = 4
[grain]
width = 4
critic_width = 4
crop = 16
steps = 3
batch = 2
[prior]
code_size = 8
width = 32
depth = 1
heads = 2
patch = 2
steps = 40
batch = 8
[codes]
width = 32
depth = 1
steps = 8
batch = 16
[flow]
width = 32
depth = 1
heads = 2
patch = 2
steps = 40
batch = 8
[generate]
candidates = 2
gain = 4.0
attempts = 3
chunk = 4
"""


def write_recipe(folder: Path) -> Path:
    """The recipe above as a file."""
    path = folder / "test.toml"
    path.write_text(RECIPE)
    return path


def ingest_plant(work: Workplace, folder: Path, *, good: int = 12, defective: int = 6) -> Path:
    """Draw a small plant and ingest it; gives its folder."""
    plant = folder / "plant"
    draw_plant(plant, good=good, defective=defective, side=96)
    ingest.run(work, plant, PART)
    return plant


def train_part(work: Workplace, folder: Path, *, seed: int = 0, view: str = "window") -> TrainReport:
    """Train the recipe above on the ingested plant."""
    return train.run(work, PART, recipe=str(write_recipe(folder)), seed=seed, view=view)
