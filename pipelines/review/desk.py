"""Decisions at one desk: samples are claimed, controls mixed in, each decision is durable when a call returns.

A desk is one open review page of one person. Its claims keep the same sample from every other desk until they are
decided on or ten minutes have passed.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import UTC, datetime

from data_registry.errors import Locked
from data_registry.records import PartRecord, ReviewRecord
from data_registry.reviews import TAKEN_BACK, claim_name
from data_registry.session import Work
from pipelines.queries.review import CONTROL, SAMPLE, Subject, draw_control, subject_of
from pipelines.wiring import Workplace

CLAIM_S = 600.0
SAMPLES_PER_CONTROL = 4  # every fifth picture of a blind session is real
_TRIES = 8


def claim(
    work: Workplace,
    part: PartRecord,
    *,
    desk: str,
    count: int,
    have: Collection[str] = (),
    defect_type: str | None = None,
    blind: bool = False,
) -> list[str]:
    """Take the next things to decide on.

    Args:
        work: where things are.
        part: whose.
        desk: who takes them.
        count: most samples to take.
        have: keys that the desk has already.
        defect_type: only samples of this type.
        blind: mix real pictures in, at least one for each four samples; see `controls_due`.

    Returns:
        Keys of subjects; empty when there is nothing left that nobody else looks at.
    """
    taken = [subject_of(key) for key in have]
    with work.registry.write() as rows:
        numbers = rows.reviews.claim(
            part.id,
            holder=desk,
            count=count,
            seconds=CLAIM_S,
            defect_type=defect_type,
            leave_out=[one.number for one in taken if one.kind == SAMPLE],
        )
    keys: list[str] = []
    before = sum(one.kind == SAMPLE for one in taken)
    for place, number in enumerate(numbers, start=before):
        if blind:
            shown = {key for key in (*have, *keys) if not key.startswith(SAMPLE)}
            missing = controls_due(desk, place) - len(shown)
            keys += _controls(work, part, missing, shown)
        keys.append(Subject(kind=SAMPLE, number=number).key)
    return keys


def controls_due(desk: str, place: int) -> int:
    """Controls that a desk should have shown before its sample number `place`, from 0.

    Each four samples have one control, at a spot that only the desk's name decides; the first four have two. So from
    four samples on at least a fifth of all pictures are real, wherever a session ends, and nobody can tell which.
    """
    due = place // SAMPLES_PER_CONTROL + (place >= SAMPLES_PER_CONTROL)
    block = place // SAMPLES_PER_CONTROL
    spots = random.Random(f"{desk} {block}").sample(range(SAMPLES_PER_CONTROL), 1 if block else 2)
    return due + sum(spot <= place % SAMPLES_PER_CONTROL for spot in spots)


def _controls(work: Workplace, part: PartRecord, count: int, shown: Collection[str]) -> list[str]:
    """Keys of new controls; fewer where the plant has no others."""
    chance, found = random.Random(), list[str]()
    for _ in range(_TRIES * max(0, count)):
        control = draw_control(work, part, chance)
        if control is not None and control.key not in (*shown, *found):
            found.append(control.key)
        if len(found) == count:
            break
    return found


def decide(
    work: Workplace,
    part: PartRecord,
    key: str,
    *,
    decision: str,
    reviewer: str,
    desk: str,
    session: str | None = None,
    reason: str = "",
) -> ReviewRecord:
    """Store a decision; it is durable when this returns.

    Raises:
        Locked: somebody else looks at the sample or was first; nothing is stored.
        NotFound: nothing of that key in this part.
        BadRecord: no such decision; a control without a blind session.
    """
    subject = subject_of(key)
    with work.registry.write() as rows:
        _own(rows, part, subject)
        if subject.kind == CONTROL:
            return rows.reviews.add_control(
                subject.number, decision=decision, reviewer=reviewer, session=session or "", reason=reason
            )
        _refuse_others(rows, subject.number, reviewer, desk)
        stored = rows.reviews.add(
            subject.number, decision=decision, reviewer=reviewer, session=session, reason=reason
        )
        rows.leases.give_back(claim_name(subject.number), holder=desk)
        return stored


def take_back(
    work: Workplace, part: PartRecord, *, reviewer: str, session: str | None, desk: str
) -> str | None:
    """Undo the reviewer's last decision that still counts; again and again as far back as there are any.

    Returns:
        The key of what is open again, claimed by this desk; None when there is nothing to undo.
    """
    with work.registry.write() as rows:
        last = rows.reviews.last_by(part.id, reviewer, session=session)
        if last is None:
            return None
        rows.reviews.take_back(last.id, reviewer=reviewer)
        if last.sample_id is None:
            return Subject(kind=CONTROL, number=last.source_image_id or 0).key
        rows.leases.take(claim_name(last.sample_id), holder=desk, seconds=CLAIM_S)
        return Subject(kind=SAMPLE, number=last.sample_id).key


def _own(rows: Work, part: PartRecord, subject: Subject) -> None:
    """Refuse what belongs to another part, whatever the key says."""
    if subject.kind == SAMPLE:
        owner = rows.samples.get(subject.number).part_id
    else:
        owner = rows.images.get(subject.number).part_id
    if owner != part.id:
        subject_of("")  # the same refusal as for a key that is none


def _refuse_others(rows: Work, sample_id: int, reviewer: str, desk: str) -> None:
    lease = rows.leases.of(claim_name(sample_id))
    if lease is not None and lease.holder != desk and lease.until > datetime.now(UTC):
        raise Locked(
            expected="a sample that nobody else looks at",
            found=f"sample {sample_id}, open at another desk",
            action="Go on with the next one; this decision was not stored.",
        )
    decisions = rows.reviews.of(sample_id)
    if (
        lease is None
        and decisions
        and decisions[-1].reason != TAKEN_BACK
        and decisions[-1].reviewer != reviewer
    ):
        first = decisions[-1]
        raise Locked(
            expected="a sample that nobody has decided on",
            found=f"{first.decision} by {first.reviewer} at {first.created_at:%Y-%m-%d %H:%M} UTC",
            action="Go on with the next one; this decision was not stored.",
        )
