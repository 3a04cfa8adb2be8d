"""The trainings of gates: what each is, and its result on disk under the name of all that it depends on.

A killed gate goes on where it was, and a gate of another version finds the trainings that have nothing to do with the
version: real only, oversampled, CutPaste.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from factory_gen.gate.scores import Tally
from factory_gen.gate.settings import GateSettings
from factory_gen.gate.trial import Trial

CHOOSE, HALF, FINAL = "choose", "half", "final"
# In the name of every result: raise it when a change of code changes what a training sees, does or counts.
TRAININGS = 4
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
        shares: type and share of its extra slots that the arm's own source fills, sorted; empty for all of them.
        amount: synthetic pictures per real defect at most; None for all.
        finish: share of the steps, at the end, in which the extra slots show real windows alone.
    """

    stage: str
    arm: str
    seed: int
    split: int
    fold: int | None
    shares: tuple[tuple[str, float], ...]
    amount: float | None = None
    finish: float = 0.0

    @property
    def label(self) -> str:
        """For people."""
        where = f"seed {self.seed}" if self.fold is None else f"fold {self.fold}, seed {self.seed}"
        amount = "" if self.amount is None else f" x{self.amount:g}"
        return f"{self.stage} {self.arm}{amount}, split {self.split}, {where}"

    def file_name(self, facts: Mapping[str, Any]) -> str:
        """Names the run together with all else that decides its result.

        Args:
            facts: JSON-able; `TRAININGS` and the run itself come on top.
        """
        # A finish of 0 has no part in the name: it was added later, and results of before still hold.
        run = {name: value for name, value in asdict(self).items() if name != "finish" or value}
        everything = {"trainings": TRAININGS, "run": run, **facts}
        digest = hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:24]
        return f"{self.stage}-{self.arm.replace('+', '-')}-{digest}.npz"


def steps_of(run: Run, settings: GateSettings) -> int:
    """Training steps of a run."""
    return settings.steps // 2 if run.stage == HALF else settings.steps


@dataclass(frozen=True)
class Done:
    """What is kept of a run."""

    tally: Tally
    losses: tuple[float, ...]
    sample_losses: Mapping[str, float]
    seconds: tuple[float, float]


def keep(path: Path, run: Run, trial: Trial) -> None:
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
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
        np.savez_compressed(file, facts=np.array(json.dumps(facts)), **trial.tally.counts)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def read(path: Path) -> Done | None:
    """A run's kept result, None where there is none that can be read."""
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
