"""The scores of one sample, and what each of them is good for.

A score that could not be measured is NaN; it is neither stored nor held against anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

NAN = float("nan")
Side = Literal["low", "high", "both"]
Scale = Literal["plain", "log", "odds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleScores:
    """What is known of one defect, generated or real.

    Fields:
        contrast: deviation from the surroundings in their spreads, >= 0 (`metrics/contrast.py`).
        visibility: share of the type's real defects that are fainter, 0 to 1.
        fill: share of the mask that the defect fills, 0 to 1 (`metrics/contrast.py`: fill).
        change: how far the picture was changed under the mask, in the same spreads; generated ones only.
        grain: fine residual inside the mask over that around it; 1 is alike (`metrics/spectrum.py`).
        seam: hardness of the mask's border, log2 (`metrics/seam.py`: step).
        rim: brightness of the border line, in spreads, >= 0 (`metrics/seam.py`: rim).
        nearest_real: distance to the nearest real defect of the type, 0 to 2 (`metrics/neighbours.py`).
        nearest_rank: share of real defects that have a nearer neighbour of another part, 0 to 1.
        type_fit: chance that a classifier gives its own type, 0 to 1 (`quality/type_fit.py`).
        mask_fit: how well the pixels under the mask are told from the others, 0 to 1; 0.5 is by chance.
    """

    contrast: float = NAN
    visibility: float = NAN
    fill: float = NAN
    change: float = NAN
    grain: float = NAN
    seam: float = NAN
    rim: float = NAN
    nearest_real: float = NAN
    nearest_rank: float = NAN
    type_fit: float = NAN
    mask_fit: float = NAN

    def known(self) -> dict[str, float]:
        """The scores that could be measured, by name."""
        return {name: float(value) for name, value in asdict(self).items() if math.isfinite(value)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRule:
    """How a score is held against its limits.

    Attributes:
        reason: what a sample is sent back for.
        side: on which side a sample can fail.
        scale: how it spreads, so that limits are learned on a scale without crowding: "plain", "log" for what varies
            by factors, "odds" for a share between 0 and 1.
        learned: whether limits are learned from real defects; else there is none but the user's.
        costly: needs networks; measured by `factory-gen score`, not while generating.
    """

    reason: str
    side: Side
    scale: Scale = "plain"
    costly: bool = False
    learned: bool = True


RULES: Mapping[str, ScoreRule] = {
    "contrast": ScoreRule(reason="faint", side="low", scale="log"),
    # Its limits are for the user: a handful of real defects spans too little to learn them.
    "fill": ScoreRule(reason="fill", side="both", learned=False),
    "grain": ScoreRule(reason="grain", side="both", scale="log"),
    "seam": ScoreRule(reason="seam", side="high"),
    "rim": ScoreRule(reason="rim", side="high", scale="log"),
    "nearest_real": ScoreRule(reason="near-copy", side="low"),
    "type_fit": ScoreRule(reason="type", side="low", scale="odds", costly=True),
    "mask_fit": ScoreRule(reason="mask", side="low", scale="odds", costly=True),
}
