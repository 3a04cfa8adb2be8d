"""The jobs of the study, on a plant small enough that all of them can be done hundreds of times."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory_gen.images.demo_plant import draw_plant

PART = "ring"
SIDE = 96
GOOD, DEFECTIVE, LATER = 26, 24, 16
SAMPLES = 8
NOTHING = "nothing"
REASON = "a study of crash safety: nobody uses these pictures"
GATE = {"settings": "tiny", "inspector": "linear", "seeds": 2}
RECIPE = """\
[windows]
size = 32
augment = ["flip-x"]
bank = 64
[training]
precision = "no"
ema = 0.5
measure_windows = 32
checkpoint_s = 0.2
[autoencoder]
latent_channels = 4
width_half = 8
width_quarter = 16
blocks = 1
steps = 40
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
steps = 20
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
steps = 20
batch = 8
[generate]
candidates = 2
gain = 4.0
attempts = 4
chunk = 2
"""


@dataclass(frozen=True)
class StudyJob:
    """One kind of job in the study.

    Attributes:
        weight: its share of the kills; the jobs that take longest get fewer.
        after: the job in whose finished home it begins; "nothing" for an empty one.
        facts: its request, made from the folder of the study.
    """

    weight: int
    after: str
    facts: Callable[[Path], Mapping[str, Any]]


JOBS: dict[str, StudyJob] = {
    "ingest": StudyJob(3, NOTHING, lambda root: {"source": str(root / "plant")}),
    "train": StudyJob(2, "ingest", lambda root: {"recipe": str(root / "recipe.toml")}),
    "generate": StudyJob(3, "train", lambda root: {"count": SAMPLES}),
    "gate": StudyJob(3, "generate", lambda root: GATE),
    "export": StudyJob(
        3, "gate", lambda root: {"format": "mvtec", "out": str(root / "home" / "out"), "override": REASON}
    ),
    "monitor": StudyJob(
        3, "train", lambda root: {"folder": str(root / "later" / "train" / "good"), "window": LATER // 2}
    ),
    "retrain": StudyJob(
        2,
        "train",
        lambda root: {
            "data": str(root / "later"),
            "recipe": str(root / "recipe.toml"),
            "count": SAMPLES,
            **GATE,
        },
    ),
}


def draw(root: Path) -> None:
    """Draw what the jobs need below `root`: a plant, pictures that come in later, and a recipe of seconds."""
    draw_plant(root / "plant", good=GOOD, defective=DEFECTIVE, side=SIDE)
    later = root / "later"
    draw_plant(later, seed=8, good=LATER, defective=0, side=SIDE)
    (later / "groups.csv").unlink()
    for picture in sorted(later.rglob("*.png")):  # the first plant has files of these names
        picture.rename(later / "train" / "good" / f"later_{picture.name}")
    (root / "recipe.toml").write_text(RECIPE)


def put_home(root: Path, state: str) -> Path:
    """Replace the study's home by a kept one, always at the same place, so that stored paths are the same."""
    home = root / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(root / f"after-{state}", home, symlinks=True)
    return home


def keep_home(root: Path, state: str) -> None:
    """Keep the home as that job left it."""
    shutil.rmtree(root / f"after-{state}", ignore_errors=True)
    shutil.copytree(root / "home", root / f"after-{state}", symlinks=True)
