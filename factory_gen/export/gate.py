"""What forbids an export, and the reason given for going on all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from factory_gen.errors import GateNotPassed, UsageError


class Gate:
    """Stops an export at the first check that fails, unless there is a reason to go on; then it counts.

    Args:
        override: why the export should go on where a check forbids it; None to stop.

    Raises:
        UsageError: the reason is blank.
    """

    def __init__(self, override: str | None = None) -> None:
        if override is not None and not override.strip():
            raise UsageError(
                expected="a reason after --override",
                found="blank text",
                action="Say why the export is needed although a check forbids it; it is recorded.",
            )
        self._reason = override.strip() if override else None
        self._overridden: Counter[str] = Counter()

    @property
    def reason(self) -> str | None:
        """The reason, if it was needed; None if every check passed."""
        return self._reason if self._overridden else None

    @property
    def overridden(self) -> Mapping[str, int]:
        """{check: how often it failed and was overridden}, sorted."""
        return dict(sorted(self._overridden.items()))

    def fail(self, check: str, *, expected: str, found: str, action: str) -> None:
        """Report a failed check: raises `GateNotPassed`, or counts it where a reason was given."""
        if self._reason is None:
            hint = f"{action} To go on all the same: --override REASON (it is recorded)."
            raise GateNotPassed(expected=expected, found=found, action=hint)
        self._overridden[check] += 1
