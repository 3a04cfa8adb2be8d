"""The arms: what fills a batch's extra slots. All else, down to the random draws of the other slots, is the same.

The control is `oversampled`: real windows of exactly the types that the synthetic arms show. Without it, more of the
rare types would be mistaken for better data.
"""

from __future__ import annotations

from dataclasses import dataclass

from factory_gen.checks import check_choice

BASE, REAL, CUTPASTE, PERLIN, SYNTHETIC = "base", "real", "cutpaste", "perlin", "synthetic"


@dataclass(frozen=True)
class Arm:
    """One way of filling the extra slots.

    Attributes:
        name: what it is called in reports.
        fills: sources that take turns at random; `BASE` draws as the other slots do.
        meaning: for people.
    """

    name: str
    fills: tuple[str, ...]
    meaning: str


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm("real", (BASE,), "real pictures as they come, ordinary augmentation"),
        Arm("oversampled", (REAL,), "real pictures, the synthetic arm's class mix: the control"),
        Arm("cutpaste", (CUTPASTE,), "real defects pasted onto good pictures"),
        Arm("perlin", (PERLIN,), "Perlin blobs on good pictures"),
        Arm("synthetic", (SYNTHETIC,), "the synthetic data set"),
        Arm("cutpaste+synthetic", (CUTPASTE, SYNTHETIC), "half and half"),
    )
}
BASELINES = ("real", "oversampled")
JUDGED = "synthetic"


def find_arm(name: str) -> Arm:
    """The arm of that name.

    Raises:
        UsageError: no such arm; the known ones are listed.
    """
    check_choice(name, ARMS, "arm")
    return ARMS[name]
