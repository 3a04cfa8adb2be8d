"""What a person types, turned into values: durations so far."""

from __future__ import annotations

import re

from factory_gen.errors import UsageError

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", re.ASCII)
LONGEST_DAYS = 30


def seconds(text: str | None) -> float | None:
    """Seconds from a duration such as `20m`, `90s` or `1h30m`; None stays None.

    Raises:
        UsageError: no unit, another form, nothing, or more than 30 days.
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip())
    total = (
        sum(float(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True))
        if match
        else 0
    )
    if not 0 < total <= LONGEST_DAYS * 86_400:
        raise UsageError(
            expected=f"a duration such as 20m, 90s or 1h30m, up to {LONGEST_DAYS} days",
            found=repr(text),
            action="Give a number with its unit: h, m or s.",
        )
    return total
