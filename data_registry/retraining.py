"""When a part is retrained, and what came of each retraining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_registry.errors import AlreadyExists, NotFound
from data_registry.outcome_records import require_json
from data_registry.parts import hold_part
from data_registry.records import require
from data_registry.watch_records import END_STATES, RUNNING, TRIGGERS, RetrainPolicyRecord, RetrainRunRecord
from data_registry.watch_schema import RetrainPolicy, RetrainRun


class Retraining:
    """Reads and writes the rows of `retrain_policies` and `retrain_runs` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def set_policy(
        self,
        part_id: int,
        *,
        active: bool,
        cron: str | None,
        timezone: str,
        triggers: Sequence[str],
        set_by: str,
    ) -> RetrainPolicyRecord:
        """Store a policy; it replaces the part's earlier ones, which are kept.

        Raises:
            NotFound: no such part.
            BadRecord: an unknown trigger, nobody who set it, or an active policy that nothing starts.
        """
        require(set(triggers) <= set(TRIGGERS), "triggers", f"some of {TRIGGERS}", list(triggers))
        require(bool(set_by.strip()), "who sets a policy", "a name", set_by)
        starts = not active or bool(cron or triggers)
        require(starts, "a policy", "a cron or a trigger", "neither")
        hold_part(self._session, part_id)
        row = RetrainPolicy(
            part_id=part_id,
            active=active,
            cron=cron,
            timezone=timezone,
            triggers=list(triggers),
            set_by=set_by,
            created_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        return _policy(row)

    def policy(self, part_id: int) -> RetrainPolicyRecord | None:
        """Return the policy that counts, None if none was ever set."""
        found = self.policies(part_id)
        return found[-1] if found else None

    def policies(self, part_id: int) -> list[RetrainPolicyRecord]:
        """Return all policies that were ever set, oldest first."""
        query = select(RetrainPolicy).where(RetrainPolicy.part_id == part_id).order_by(RetrainPolicy.id)
        return [_policy(row) for row in self._session.scalars(query)]

    def start(
        self,
        part_id: int,
        *,
        cause: str,
        started_by: str,
        due_at: datetime | None = None,
        progress: Mapping[str, Any] | None = None,
    ) -> RetrainRunRecord:
        """Begin a retraining.

        Args:
            part_id: the part.
            cause: what started it.
            started_by: who or what.
            due_at: the moment of the calendar that it answers, with a zone; a moment is answered once.
            progress: facts to begin with.

        Raises:
            NotFound: no such part.
            AlreadyExists: that moment was answered already, or another retraining of the part runs.
        """
        hold_part(self._session, part_id)
        if (running := self.running(part_id)) is not None:
            raise AlreadyExists(
                expected="no retraining of this part under way",
                found=f"retraining {running.id}, started {running.started_at:%Y-%m-%d %H:%M} UTC"
                f" by {running.started_by}",
                action="Wait for it; if it was killed, `factory-gen retrain` goes on with it.",
            )
        answered = select(RetrainRun.id).where(RetrainRun.part_id == part_id, RetrainRun.due_at == due_at)
        if due_at is not None and self._session.scalar(answered) is not None:
            raise AlreadyExists(
                expected="a due moment that was not answered",
                found=f"a retraining for {due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
                action="Nothing to do: each moment of the calendar starts one retraining.",
            )
        row = RetrainRun(
            part_id=part_id,
            cause=cause,
            due_at=due_at,
            state=RUNNING,
            progress=require_json("a retraining's progress", progress or {}),
            reason="",
            started_by=started_by,
            started_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        return _run(row)

    def note(self, run_id: int, progress: Mapping[str, Any]) -> RetrainRunRecord:
        """Add what a finished step gave; what is there already under the same name is replaced.

        Raises:
            NotFound: no such retraining.
            BadRecord: it has ended, or the facts are not JSON.
        """
        row = self._open(run_id)
        row.progress = row.progress | require_json("a retraining's progress", progress)
        self._session.flush()
        return _run(row)

    def end(self, run_id: int, *, state: str, reason: str) -> RetrainRunRecord:
        """Close a retraining as "promoted", "kept" or "failed", and say why.

        Raises:
            NotFound: no such retraining.
            BadRecord: it has ended already, or no such state.
        """
        require(state in END_STATES, "the end of a retraining", f"one of {END_STATES}", state)
        row = self._open(run_id)
        row.state, row.reason, row.ended_at = state, reason, datetime.now(UTC)
        self._session.flush()
        return _run(row)

    def running(self, part_id: int) -> RetrainRunRecord | None:
        """Return the retraining that has begun and not ended, None if there is none."""
        query = select(RetrainRun).where(RetrainRun.part_id == part_id, RetrainRun.state == RUNNING)
        row = self._session.scalars(query.order_by(RetrainRun.id).limit(1)).one_or_none()
        return None if row is None else _run(row)

    def runs(self, part_id: int) -> list[RetrainRunRecord]:
        """Return all retrainings of a part, oldest first."""
        query = select(RetrainRun).where(RetrainRun.part_id == part_id).order_by(RetrainRun.id)
        return [_run(row) for row in self._session.scalars(query)]

    def _open(self, run_id: int) -> RetrainRun:
        row = self._session.get(RetrainRun, run_id, with_for_update=True)
        if row is None:
            raise NotFound(
                expected="the number of a retraining",
                found=f"no retraining {run_id}",
                action="Look with `factory-gen schedule show`.",
            )
        require(row.state == RUNNING, "a retraining to change", "one that runs", row.state)
        return row


def _policy(row: RetrainPolicy) -> RetrainPolicyRecord:
    return RetrainPolicyRecord(
        id=row.id,
        part_id=row.part_id,
        active=row.active,
        cron=row.cron,
        timezone=row.timezone,
        triggers=tuple(row.triggers),
        set_by=row.set_by,
        created_at=row.created_at,
    )


def _run(row: RetrainRun) -> RetrainRunRecord:
    return RetrainRunRecord(
        id=row.id,
        part_id=row.part_id,
        cause=row.cause,
        due_at=row.due_at,
        state=row.state,
        progress=dict(row.progress),
        reason=row.reason,
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
