"""What a user may ask of an ingest."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from factory_gen.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """How to read a folder and how to deal its groups out.

    Attributes:
        layout: "auto" or the name of a layout.
        groups_file: a CSV with a column `image` and a group column; `groups.csv` in the folder by default.
        group_column: name of the group column; `group`, `capture_group`, `lot` or `part` by default.
        group_pattern: regular expression on the file name; its group named `group`, else its first bracket, is the
            group. Used instead of a groups file.
        look_alikes: whether, without groups from the user, pictures that look alike are put into one group.
        mm_per_pixel: millimetres per pixel, where one figure holds for all pictures.
        bit_depth: significant bits of 16-bit files, where the files do not record them.
        generator_share: share of each defect type's groups that the generator may learn from, in (0,1].
        good_share: share of the groups without defects for the generator, where no folder says so, in (0,1].
        mask_threshold: grey value from which a soft mask counts as defect; soft masks are refused without it.
        join_masks: whether several masks of one picture are joined; such pictures are refused without it.
        max_refused: how many files may be refused before the whole ingest is.

    Raises:
        UsageError: on creation, when a value is out of its range.
    """

    layout: str = "auto"
    groups_file: Path | None = None
    group_column: str | None = None
    group_pattern: str | None = None
    look_alikes: bool = True
    mm_per_pixel: float | None = None
    bit_depth: int | None = None
    generator_share: float = 1 / 3
    good_share: float = 2 / 3
    mask_threshold: int | None = None
    join_masks: bool = False
    max_refused: int = 1000

    def __post_init__(self) -> None:
        for name in ("generator_share", "good_share"):
            value = getattr(self, name)
            _require(0 < value <= 1, name, "above 0 and at most 1", value)
        size = self.mm_per_pixel
        _require(size is None or (math.isfinite(size) and size > 0), "mm_per_pixel", "above 0", size)
        depth = self.bit_depth
        _require(depth is None or 8 < depth <= 16, "bit_depth", "from 9 to 16", depth)
        soft = self.mask_threshold
        _require(soft is None or 1 <= soft <= 65535, "mask_threshold", "from 1 to 65535", soft)
        _require(self.max_refused >= 0, "max_refused", "0 or more", self.max_refused)
        if self.group_pattern is not None:
            _check_pattern(self.group_pattern)


def _require(fits: bool, name: str, expected: str, found: object) -> None:
    if not fits:
        raise UsageError(expected=f"{name} {expected}", found=str(found), action=f"Correct {name}.")


def _check_pattern(text: str) -> None:
    try:
        pattern = re.compile(text)
    except re.error as fault:
        raise UsageError(
            expected="a regular expression as the group pattern",
            found=f"{text!r} ({fault})",
            action="Correct it; for names like exp1_num_61.jpg, `num_([0-9]+)` gives the group 61.",
        ) from fault
    _require(pattern.groups > 0, "the group pattern", "with a bracket around the group", repr(text))
