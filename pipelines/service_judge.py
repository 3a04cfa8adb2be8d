"""Checked calls of those who judge: reviews, the gate, figures, exports."""

from __future__ import annotations

from data_registry.records import ReviewRecord
from pipelines.calls import Calls, checked


class JudgeCalls(Calls):
    """Review, gate, promote, export."""

    @checked("review")
    def review(self, *, part: str, sample_id: int, decision: str, reason: str = "") -> ReviewRecord:
        """Store a decision ("ok", "ng" or "undecided") on a sample of `part`; it is durable when this returns."""
        with self.work.registry.write() as rows:
            return rows.reviews.add(sample_id, decision=decision, reviewer=self.actor.name, reason=reason)
