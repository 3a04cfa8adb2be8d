"""People's decisions on samples: added, never changed, the last one counts."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_registry.errors import NotFound
from data_registry.records import DECISIONS, ReviewRecord, require
from data_registry.schema import Review, Sample


class Reviews:
    """Reads and writes the rows of `reviews` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, sample_id: int, *, decision: str, reviewer: str, reason: str = "") -> ReviewRecord:
        """Store a decision; it becomes the sample's latest.

        Args:
            sample_id: the sample.
            decision: "ok", "ng" or "undecided".
            reviewer: who decided.
            reason: why, for people.

        Raises:
            NotFound: no such sample.
            BadRecord: no such decision, or nobody decided.
        """
        require(decision in DECISIONS, "a decision", f"one of {DECISIONS}", decision)
        require(bool(reviewer.strip()), "a reviewer", "a name", reviewer)
        sample = self._session.get(Sample, sample_id, with_for_update=True)
        if sample is None:
            raise NotFound(
                expected="the number of a sample in the registry",
                found=f"no sample {sample_id}",
                action="Look with `factory-gen status`.",
            )
        # Kept beside the sample as well, so that pages and counts need not look through decisions.
        sample.latest_review = decision
        row = Review(
            sample_id=sample_id,
            decision=decision,
            reviewer=reviewer,
            reason=reason,
            created_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        return _record(row)

    def of(self, sample_id: int) -> list[ReviewRecord]:
        """Return a sample's decisions, oldest first."""
        query = select(Review).where(Review.sample_id == sample_id).order_by(Review.id)
        return [_record(row) for row in self._session.scalars(query)]


def _record(row: Review) -> ReviewRecord:
    return ReviewRecord(
        id=row.id,
        sample_id=row.sample_id,
        decision=row.decision,
        reviewer=row.reviewer,
        reason=row.reason,
        created_at=row.created_at,
    )
