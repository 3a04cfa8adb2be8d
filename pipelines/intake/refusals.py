"""The files that an ingest turns away: collected with their reasons, up to a limit."""

from __future__ import annotations

from collections import Counter

from factory_gen.errors import InputRefused
from pipelines.intake.report import Refusal


class Refusals:
    """Collects refusals; too many of them refuse the whole ingest.

    Args:
        limit: how many there may be.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.listed: list[Refusal] = []

    def add(self, refusal: Refusal) -> None:
        """Note one more.

        Raises:
            InputRefused: that was one too many.
        """
        self.listed.append(refusal)
        if len(self.listed) > self.limit:
            raise InputRefused(
                expected=f"at most {self.limit} files that cannot be used",
                found=f"more than that ({self.summary()})",
                action="Check that this is the right folder and layout, or allow more with max_refused.",
            )

    def by_reason(self) -> dict[str, int]:
        """Counts, the most frequent reason first."""
        return dict(Counter(refusal.reason for refusal in self.listed).most_common())

    def summary(self) -> str:
        """The three most frequent reasons in one line, with the first file as an example."""
        if not self.listed:
            return "none refused"
        reasons = ", ".join(f"{count} {reason}" for reason, count in list(self.by_reason().items())[:3])
        return f"{reasons}; for example {self.listed[0].path}: {self.listed[0].found}"
