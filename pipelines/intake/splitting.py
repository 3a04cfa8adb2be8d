"""Deal groups out to the generator and to the hold-out: once, by group, never across.

The rule of the field: of each defect type's groups, in natural order, the first third trains the generator and the
rest tests. A group that shows several types counts for each of them and goes to one side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GENERATOR, HOLDOUT = "generator", "holdout"


@dataclass(frozen=True, slots=True)
class DefectGroup:
    """One group with defects.

    Attributes:
        key: the group's name.
        types: the defect types that its pictures show.
        settled: whether an earlier, finished ingest dealt it out; `split` is its side then.
        split: the side, None while it is open.
    """

    key: str
    types: frozenset[str]
    settled: bool = False
    split: str | None = None


def split_defects(groups: Sequence[DefectGroup], share: float) -> dict[str, str]:
    """Deal out the groups that show a defect.

    Types with few groups choose first, so that a rare type is not left without a group by a common one.

    Args:
        groups: all of the part's groups with defects, in natural order of their names.
        share: share of each type's groups for the generator; at least one group of each type goes there.

    Returns:
        group name -> "generator" or "holdout"; settled groups keep their side.
    """
    split = {group.key: group.split for group in groups if group.settled and group.split is not None}
    by_type: dict[str, list[DefectGroup]] = {}
    for group in groups:
        for name in group.types:
            by_type.setdefault(name, []).append(group)
    for name in sorted(by_type, key=lambda one: (len(by_type[one]), one)):
        members = by_type[name]
        wanted = quota(len(members), share) - sum(split.get(group.key) == GENERATOR for group in members)
        still_open = [group.key for group in members if group.key not in split]
        split.update(dict.fromkeys(still_open[: max(wanted, 0)], GENERATOR))
    return {group.key: split.get(group.key) or HOLDOUT for group in groups}


def quota(count: int, share: float) -> int:
    """How many of `count` groups the generator gets: the share, rounded up (the last digits of a float aside)."""
    return math.ceil(round(count * share, 9))


def overrule(planned: Mapping[str, str], recorded: Mapping[str, str]) -> dict[str, str]:
    """What was stored before wins over what is planned now."""
    return {**planned, **{key: side for key, side in recorded.items() if key in planned}}
