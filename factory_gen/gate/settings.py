"""How thorough a gate is: small for two CPU cores and an hour, full for a GPU or a night."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from factory_gen.checks import check_choice
from factory_gen.gate.arms import ARMS


@dataclass(frozen=True)
class GateSettings:
    """What every run of one gate has in common.

    Attributes:
        name: of these settings.
        arms: names from `factory_gen.gate.arms.ARMS`, in the order in which they are run.
        steps: training steps of every run.
        batch: windows per step.
        extra: share of a batch that the arm fills.
        learning_rate: at the top of the schedule.
        offered: shares in (0,1] of synthetic data that the validation tries for each type, beside none.
        goods: good held-out pictures scored at most.
        validation_goods: the same in the validation.
        draws: resamplings of the held-out groups.
        chosen: arms whose share per type the validation chooses; the other floors fill all extra slots.
    """

    name: str
    arms: tuple[str, ...]
    steps: int
    batch: int = 16
    extra: float = 0.5
    learning_rate: float = 7e-4
    offered: tuple[float, ...] = (0.5,)
    goods: int = 120
    validation_goods: int = 40
    draws: int = 1000
    chosen: tuple[str, ...] = ("synthetic",)

    def __post_init__(self) -> None:
        for arm in (*self.arms, *self.chosen):
            check_choice(arm, ARMS, "arm")

    @property
    def sha256(self) -> str:
        """Hash of every value."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


SETTINGS = {
    found.name: found
    for found in (
        GateSettings("tiny", ("real", "oversampled", "synthetic"), steps=6, batch=8, goods=20, draws=200),
        GateSettings("small", ("real", "oversampled", "cutpaste", "synthetic"), steps=500),
        GateSettings(
            "full",
            tuple(ARMS),
            steps=1200,
            offered=(0.5, 1.0),
            goods=400,
            validation_goods=120,
            chosen=("synthetic", "cutpaste"),
        ),
    )
}


def find_settings(name: str) -> GateSettings:
    """The settings of that name.

    Raises:
        UsageError: no such settings.
    """
    check_choice(name, SETTINGS, "gate settings")
    return SETTINGS[name]
