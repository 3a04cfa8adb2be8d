"""The quality figure: which share of the samples people approved, and how far these people can be trusted.

Usable rate = approved / decided, each sample counted once by its last decision; an undecided one is not approved.
In a blind session a fifth of the pictures should be real: a real defect that is turned away says how strict the
reviewers are, a good part that is shown as a defect and approved says how careless.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_registry.outcome_records import ReviewCount

CONTROLS_WANTED = 0.2
RIGHT = {("real defect", "ok"), ("real good", "ng")}
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share with its 95 % Wilson interval: `yes` of `of`."""

    yes: int
    of: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What people decided.

    Attributes:
        usable: approved samples of all decided ones.
        per_type: the same for each defect type.
        blind: from blind sessions alone; else from open reviews, which flatter.
        control_share: real pictures among all that were shown, in [0,1].
        enough_controls: at least a fifth.
        real_rejected: real defects that were turned away, None without such controls.
        good_approved: good parts approved as defects, None without such controls.
        controls_right: controls that were judged right, both kinds together; an undecided one is not. None without.
    """

    usable: Share
    per_type: dict[str, Share]
    blind: bool
    control_share: float
    enough_controls: bool
    real_rejected: Share | None
    good_approved: Share | None
    controls_right: Share | None


def wilson(yes: int, of: int) -> tuple[float, float]:
    """95 % Wilson score interval of a share, inside [0,1].

    Raises:
        ValueError: not 0 <= yes <= of, or `of` is 0.
    """
    if not 0 <= yes <= of or of == 0:
        raise ValueError(f"{yes} of {of}")
    rate, z2 = yes / of, _Z95**2
    centre = (rate + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z95 * math.sqrt(rate * (1 - rate) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    low = 0.0 if yes == 0 else centre - half
    return low, 1.0 if yes == of else centre + half


def share(yes: int, of: int) -> Share:
    """A share with its interval."""
    low, high = wilson(yes, of)
    return Share(yes=yes, of=of, rate=yes / of, low=low, high=high)


def quality(counts: Sequence[ReviewCount], *, blind: bool) -> Quality | None:
    """Work out the quality figure.

    Args:
        counts: as `reviews.counts` gives them.
        blind: whether they are from blind sessions alone.

    Returns:
        None where nobody has decided on a sample.
    """
    samples = [one for one in counts if one.subject == "sample"]
    usable = _share_of(samples, "ok")
    if usable is None:
        return None
    real = _share_of((one for one in counts if one.subject == "real defect"), "ng")
    good = _share_of((one for one in counts if one.subject == "real good"), "ok")
    controls = sum(found.of for found in (real, good) if found)
    right = sum(one.n for one in counts if (one.subject, one.decision) in RIGHT)
    among = controls / (controls + usable.of)
    types = sorted({one.defect_type for one in samples if one.defect_type})
    found = {name: _share_of((one for one in samples if one.defect_type == name), "ok") for name in types}
    return Quality(
        usable=usable,
        per_type={name: one for name, one in found.items() if one},
        blind=blind,
        control_share=among,
        enough_controls=among >= CONTROLS_WANTED,
        real_rejected=real,
        good_approved=good,
        controls_right=share(right, controls) if controls else None,
    )


def _share_of(counts: Iterable[ReviewCount], decision: str) -> Share | None:
    yes = total = 0
    for one in counts:
        total += one.n
        yes += one.n if one.decision == decision else 0
    return share(yes, total) if total else None
