"""The chain that shows whether the audit trail is as it was written.

Each event's hash covers its own content and the hash of the event before it, and the head says how many there are
and where the chain ends: an event that was changed, dropped, added or moved is found. Whoever may rewrite the whole
database can rewrite the chain with it, unless the head's hash was noted down elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_registry.people_records import BrokenLink, ChainState
from data_registry.people_schema import AuditHead, AuditLink
from data_registry.watch_schema import AuditEvent

START = "0" * 64
HEAD = 1


class Event(Protocol):
    """What is hashed of an event."""

    id: Any
    created_at: Any
    actor: Any
    action: Any
    subject: Any
    details: Any


def hash_of(event: Event, previous_sha256: str) -> str:
    """Return the hash of an event's content and of the chain before it."""
    moment = event.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    content = [
        previous_sha256,
        event.id,
        moment,
        event.actor,
        event.action,
        event.subject,
        dict(event.details),
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def link(session: Session, event: AuditEvent) -> None:
    """Hang a new event, which has its number already, on the end of the chain, inside the same transaction."""
    head = session.get(AuditHead, HEAD, with_for_update=True, populate_existing=True)
    if head is None:
        head = AuditHead(id=HEAD, events=0, sha256=START)
        session.add(head)
    sha256 = hash_of(event, head.sha256)
    session.add(AuditLink(event_id=event.id, previous_sha256=head.sha256, sha256=sha256))
    head.events, head.sha256 = head.events + 1, sha256
    session.flush()


def check(session: Session) -> ChainState:
    """Go along the whole chain and return every place where it is not what was written."""
    head = session.get(AuditHead, HEAD)
    expected, end = (head.events, head.sha256) if head is not None else (0, START)
    broken = list(_faults(session, expected, end))
    return ChainState(events=expected, head=end, broken=tuple(broken))


def _faults(session: Session, expected: int, end: str) -> Iterator[BrokenLink]:
    rows = session.execute(
        select(AuditEvent, AuditLink)
        .join(AuditLink, AuditLink.event_id == AuditEvent.id, isouter=True)
        .order_by(AuditEvent.id)
        .execution_options(yield_per=1000)
    )
    previous, count, last = START, 0, 0
    for event, held in rows:
        count, last = count + 1, event.id
        if held is None:
            yield BrokenLink(event_id=event.id, fault="was added beside the program")
            continue
        if held.previous_sha256 != previous:
            yield BrokenLink(event_id=event.id, fault="does not follow the event before it")
        if hash_of(event, held.previous_sha256) != held.sha256:
            yield BrokenLink(event_id=event.id, fault="was changed")
        previous = held.sha256
    if count != expected or previous != end:
        yield BrokenLink(event_id=last, fault=f"{count} events up to here, {expected} were written")
