"""The refusal of one picture or mask file, with a code that reports can count by."""

from __future__ import annotations

from factory_gen.errors import InputRefused


class ImageRefused(InputRefused):
    """One file cannot be used as a picture or a mask.

    Args:
        reason: short code such as `truncated`, `bad-crc`, `mask-size`; reports count by it.
        name: the file, as the user knows it.
        expected: what would have been right.
        found: what was there instead.
        action: what the user can do next.
    """

    def __init__(self, reason: str, name: str, *, expected: str, found: str, action: str) -> None:
        self.reason = reason
        self.name = name
        super().__init__(expected=expected, found=f"{found} in {name!r}", action=action)
