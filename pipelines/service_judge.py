"""Checked calls of those who judge: reviews, the gate, figures, exports."""

from __future__ import annotations

from collections.abc import Collection

from data_registry.records import PartRecord, ReviewRecord
from pipelines import review_desk
from pipelines.calls import Calls, checked


class JudgeCalls(Calls):
    """Review, gate, promote, export."""

    @checked("review")
    def review(self, *, part: str, sample_id: int, decision: str, reason: str = "") -> ReviewRecord:
        """Store a decision ("ok", "ng" or "undecided") on a sample of `part`; it is durable when this returns."""
        with self.work.registry.write() as rows:
            return rows.reviews.add(sample_id, decision=decision, reviewer=self.actor.name, reason=reason)

    @checked("review")
    def claim_reviews(
        self,
        *,
        part: str,
        desk: str,
        count: int,
        have: Collection[str] = (),
        defect_type: str | None = None,
        blind: bool = False,
    ) -> list[str]:
        """Take the next things to decide on, which no other desk gets; see `pipelines.review_desk.claim`."""
        return review_desk.claim(
            self.work,
            self._part(part),
            desk=desk,
            count=count,
            have=have,
            defect_type=defect_type,
            blind=blind,
        )

    @checked("review")
    def decide(
        self, *, part: str, key: str, decision: str, desk: str, session: str | None = None, reason: str = ""
    ) -> ReviewRecord:
        """Store a decision on what a desk has claimed; it is durable when this returns."""
        return review_desk.decide(
            self.work,
            self._part(part),
            key,
            decision=decision,
            reviewer=self.actor.name,
            desk=desk,
            session=session,
            reason=reason,
        )

    @checked("review")
    def take_back_review(self, *, part: str, desk: str, session: str | None = None) -> str | None:
        """Undo one's own last decision that still counts; gives the key of what is open again."""
        return review_desk.take_back(
            self.work, self._part(part), reviewer=self.actor.name, session=session, desk=desk
        )

    def _part(self, name: str) -> PartRecord:
        with self.work.registry.read() as rows:
            return rows.parts.get(name)
