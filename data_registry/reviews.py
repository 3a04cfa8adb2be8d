"""People's decisions: added, never changed, the last one counts.

Most are on samples. In a blind session pictures of the plant are mixed in as controls, and nobody
who decides knows which is which: a real defect should be approved, and a good picture that is
shown as if it had a defect should not.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from data_registry import names
from data_registry.errors import NotFound
from data_registry.leases import Leases
from data_registry.outcome_records import ReviewCount
from data_registry.parts import hold_part
from data_registry.records import DECISIONS, ReviewRecord, require
from data_registry.schema import Review, Sample, SourceImage
from data_registry.watch_schema import Lease

TAKEN_BACK = "taken back"
_CLAIM = "review of sample "


def claim_name(sample_id: int) -> str:
    """Name of the lease that lets one desk decide on a sample."""
    return f"{_CLAIM}{sample_id}"


class Reviews:
    """Reads and writes the rows of `reviews` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, sample_id: int, *, decision: str, reviewer: str, reason: str = "", session: str | None = None
    ) -> ReviewRecord:
        """Store a decision; it becomes the sample's latest.

        Args:
            sample_id: the sample.
            decision: "ok", "ng" or "undecided".
            reviewer: who decided.
            reason: why, for people.
            session: name of the blind session, None for an open review.

        Raises:
            NotFound: no such sample.
            BadRecord: no such decision, or nobody decided.
        """
        _check(decision, reviewer, session)
        sample = self._session.get(Sample, sample_id, with_for_update=True)
        if sample is None:
            raise _missing("sample", sample_id)
        # Kept beside the sample as well, so that pages and counts need not look through decisions.
        sample.latest_review = decision
        return self._store(
            Review(sample_id=sample_id, decision=decision, reviewer=reviewer, reason=reason, session=session)
        )

    def add_control(
        self, source_image_id: int, *, decision: str, reviewer: str, session: str, reason: str = ""
    ) -> ReviewRecord:
        """Store a decision on a picture of the plant that was shown among samples in a blind session.

        Arguments as for `add`, with the picture's number in place of the sample's.

        Raises:
            NotFound: no such picture.
            BadRecord: no such decision, nobody decided, or the session has no name.
        """
        _check(decision, reviewer, session)
        if self._session.get(SourceImage, source_image_id) is None:
            raise _missing("picture", source_image_id)
        return self._store(
            Review(
                source_image_id=source_image_id,
                decision=decision,
                reviewer=reviewer,
                reason=reason,
                session=session,
            )
        )

    def claim(
        self,
        part_id: int,
        *,
        holder: str,
        count: int,
        seconds: float,
        defect_type: str | None = None,
        leave_out: Collection[int] = (),
    ) -> list[int]:
        """Take the next samples that nobody has decided on and nobody else looks at.

        Args:
            part_id: the part.
            holder: the desk that takes them; its own earlier claims are renewed.
            count: most samples to take.
            seconds: how long nobody else gets them.
            defect_type: only samples of this type.
            leave_out: numbers that the desk has already.

        Returns:
            Numbers of the samples, in rising order.

        Raises:
            NotFound: no such part.
        """
        hold_part(self._session, part_id)
        name = literal(_CLAIM) + cast(Sample.id, String)
        taken = exists().where(Lease.name == name, Lease.holder != holder, Lease.until > datetime.now(UTC))
        query = select(Sample.id).where(Sample.part_id == part_id, Sample.latest_review.is_(None), ~taken)
        if defect_type is not None:
            types = names.defect_types(self._session, part_id)
            query = query.where(Sample.defect_type_id == types.get(defect_type, -1))
        if leave_out:
            query = query.where(Sample.id.not_in(leave_out))
        found = list(self._session.scalars(query.order_by(Sample.id).limit(count)))
        leases = Leases(self._session)
        for number in found:
            leases.take(claim_name(number), holder=holder, seconds=seconds)
        return found

    def take_back(self, review_id: int, *, reviewer: str) -> ReviewRecord:
        """Undo a decision by one more row; a sample's latest decision is then the one before, if any.

        Raises:
            NotFound: no such decision.
            BadRecord: nobody takes it back.
        """
        row = self._session.get(Review, review_id)
        if row is None:
            raise _missing("decision", review_id)
        _check("undecided", reviewer, row.session)
        if row.sample_id is not None:
            query = select(Review).where(Review.sample_id == row.sample_id, Review.id < review_id)
            before = self._session.scalars(query.order_by(Review.id.desc()).limit(1)).one_or_none()
            sample = self._session.get_one(Sample, row.sample_id, with_for_update=True)
            sample.latest_review = None if before is None or before.reason == TAKEN_BACK else before.decision
        return self._store(
            Review(
                sample_id=row.sample_id,
                source_image_id=row.source_image_id,
                decision="undecided",
                reviewer=reviewer,
                reason=TAKEN_BACK,
                session=row.session,
            )
        )

    def last_by(self, part_id: int, reviewer: str, *, session: str | None = None) -> ReviewRecord | None:
        """Return a person's newest decision that still counts, None if there is none.

        Args:
            part_id: the part.
            reviewer: who decided.
            session: only decisions of this blind session; None takes open reviews alone.
        """
        newer = aliased(Review)
        later = exists().where(
            newer.id > Review.id,
            or_(
                and_(Review.sample_id.is_not(None), newer.sample_id == Review.sample_id),
                and_(Review.source_image_id.is_not(None), newer.source_image_id == Review.source_image_id),
            ),
        )
        query = (
            select(Review)
            .outerjoin(Sample, Sample.id == Review.sample_id)
            .outerjoin(SourceImage, SourceImage.id == Review.source_image_id)
            .where(
                Review.reviewer == reviewer,
                Review.reason != TAKEN_BACK,
                Review.session == session if session is not None else Review.session.is_(None),
                or_(Sample.part_id == part_id, SourceImage.part_id == part_id),
                ~later,
            )
        )
        row = self._session.scalars(query.order_by(Review.id.desc()).limit(1)).one_or_none()
        return None if row is None else _record(row)

    def of(self, sample_id: int) -> list[ReviewRecord]:
        """Return a sample's decisions, oldest first."""
        query = select(Review).where(Review.sample_id == sample_id).order_by(Review.id)
        return [_record(row) for row in self._session.scalars(query)]

    def of_control(self, source_image_id: int) -> list[ReviewRecord]:
        """Return the decisions on a picture of the plant, oldest first."""
        query = select(Review).where(Review.source_image_id == source_image_id).order_by(Review.id)
        return [_record(row) for row in self._session.scalars(query)]

    def counts(self, part_id: int, *, blind: bool, model_version_id: int | None = None) -> list[ReviewCount]:
        """Return how many subjects were decided on, each by its last decision.

        Args:
            part_id: the part.
            blind: only decisions from blind sessions, which alone have controls; False takes all decisions.
            model_version_id: only samples of this model version; controls belong to none and stay.
        """
        types = {key: name for name, key in names.defect_types(self._session, part_id).items()}
        narrower = [Sample.model_version_id == model_version_id] if model_version_id is not None else []
        samples = self._last(Sample, Review.sample_id, [Sample.part_id == part_id, *narrower], blind)
        found = [ReviewCount("sample", types[key or 0], decision, n) for key, decision, n in samples]
        images = self._last(SourceImage, Review.source_image_id, [SourceImage.part_id == part_id], blind)
        for key, decision, n in images:
            subject = "real good" if key is None else "real defect"
            found.append(ReviewCount(subject, types.get(key or 0), decision, n))
        return found

    def _last(
        self,
        table: type[Sample] | type[SourceImage],
        subject: InstrumentedAttribute[int | None],
        of: list[ColumnElement[bool]],
        blind: bool,
    ) -> list[tuple[int | None, str, int]]:
        """Return (defect type, last decision, how many) of the subjects in `table` that `of` keeps."""
        kept = [*of, Review.session.is_not(None)] if blind else of
        newest = select(func.max(Review.id)).join(table, table.id == subject).where(*kept).group_by(subject)
        keys = (table.defect_type_id, Review.decision)
        query = (
            select(*keys, func.count())
            .select_from(Review)
            .join(table, table.id == subject)
            .where(Review.id.in_(newest))
            .group_by(*keys)
            .order_by(*keys)
        )
        return [(key, decision, n) for key, decision, n in self._session.execute(query)]

    def _store(self, row: Review) -> ReviewRecord:
        row.created_at = datetime.now(UTC)
        self._session.add(row)
        self._session.flush()
        return _record(row)


def _check(decision: str, reviewer: str, session: str | None) -> None:
    require(decision in DECISIONS, "a decision", f"one of {DECISIONS}", decision)
    require(bool(reviewer.strip()), "a reviewer", "a name", reviewer)
    require(session is None or bool(session.strip()), "a blind session", "a name", session)


def _missing(what: str, number: int) -> NotFound:
    return NotFound(
        expected=f"the number of a {what} in the registry",
        found=f"no {what} {number}",
        action="Look with `factory-gen status`.",
    )


def _record(row: Review) -> ReviewRecord:
    return ReviewRecord(
        id=row.id,
        sample_id=row.sample_id,
        decision=row.decision,
        reviewer=row.reviewer,
        reason=row.reason,
        created_at=row.created_at,
        source_image_id=row.source_image_id,
        session=row.session,
    )
