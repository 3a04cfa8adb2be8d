"""The trainings of one gate: what each is, how it is done, and its result on disk, so that a killed gate goes on."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from factory_gen.gate.scores import Tally
from factory_gen.gate.trial import Trial

CHOOSE, HALF, FINAL = "choose", "half", "final"
_LOSSES_KEPT = 200


@dataclass(frozen=True)
class Run:
    """One training with its scoring.

    Attributes:
        stage: "choose" and "half" train on one fold of the generator's side and are scored on the other; "final"
            trains on all of it and is scored on the hold-out.
        arm: a name in `factory_gen.gate.arms.ARMS`.
        seed: number of the seed.
        split: number of the split.
        fold: which fold is scored; None in the final stage.
        shares: type and share of synthetic data, sorted.
        amount: synthetic pictures per real defect at most; None for all.
    """

    stage: str
    arm: str
    seed: int
    split: int
    fold: int | None
    shares: tuple[tuple[str, float], ...]
    amount: float | None = None

    @property
    def label(self) -> str:
        """For people."""
        where = f"fold {self.fold}" if self.fold is not None else f"seed {self.seed}"
        amount = "" if self.amount is None else f" x{self.amount:g}"
        return f"{self.stage} {self.arm}{amount}, split {self.split}, {where}"

    @property
    def file_name(self) -> str:
        """Names the run and nothing else."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]
        return f"{self.stage}-{self.arm.replace('+', '-')}-{digest}.npz"


@dataclass(frozen=True)
class Done:
    """What is kept of a run."""

    tally: Tally
    losses: tuple[float, ...]
    sample_losses: Mapping[str, float]
    seconds: tuple[float, float]


def keep(folder: Path, run: Run, trial: Trial) -> None:
    """Write a run's result in one piece."""
    losses = np.asarray(trial.losses, float)
    parts = np.array_split(losses, max(1, min(len(losses), _LOSSES_KEPT)))
    means = [float(part.mean()) for part in parts if part.size]
    facts = {
        "run": asdict(run),
        "groups": trial.tally.groups,
        "types": trial.tally.types,
        "losses": means,
        "sample_losses": dict(trial.sample_losses),
        "seconds": trial.seconds,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part", delete=False) as file:
        np.savez_compressed(file, facts=np.array(json.dumps(facts)), **trial.tally.counts)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(folder / run.file_name)


def read(folder: Path, run: Run) -> Done | None:
    """A run's kept result, None where there is none that can be read."""
    path = folder / run.file_name
    if not path.exists():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            tally = Tally(facts["groups"], facts["types"])
            tally.counts = {name: stored[name] for name in tally.counts}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None  # broken by a power cut: done again
    return Done(tally, tuple(facts["losses"]), facts["sample_losses"], tuple(facts["seconds"]))
