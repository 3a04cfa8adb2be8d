"""When parts are retrained: the policy of each part, and what is due now by the calendar or by a trigger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from data_registry.errors import Locked, NotFound
from data_registry.records import PartRecord
from data_registry.session import Work
from data_registry.watch_records import TRIGGERS, RetrainPolicyRecord, RetrainRunRecord
from factory_gen.errors import UsageError
from pipelines.lease_holder import is_dead
from pipelines.operation.calendar_rule import check_cron, check_zone, clock_went_back, due_moment, next_moment
from pipelines.operation.triggers import Facts, fired, gather
from pipelines.wiring import Workplace


@dataclass(frozen=True, kw_only=True)
class Due:
    """A retraining that should start now.

    Attributes:
        part: name.
        cause: for people.
        due_at: the moment of the calendar, None for a trigger.
    """

    part: str
    cause: str
    due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """One retraining that was."""

    retraining: int
    cause: str
    state: str
    reason: str
    started_by: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ScheduleReport:
    """A part's policy and its history.

    Attributes:
        part: name.
        active: whether anything starts by itself.
        cron, timezone, triggers, set_by, set_at: the policy; None and empty without one.
        next_due: the next moment of the calendar, UTC.
        due_now: what should start now, in words; empty if nothing.
        facts: what the triggers look at.
        history: retrainings, newest first.
    """

    part: str
    active: bool
    cron: str | None
    timezone: str | None
    triggers: Sequence[str]
    set_by: str | None
    set_at: datetime | None
    next_due: datetime | None
    due_now: str
    facts: Facts
    history: Sequence[RunLine]


def set_policy(
    work: Workplace,
    part: str,
    *,
    cron: str | None,
    timezone: str,
    triggers: Sequence[str],
    set_by: str,
) -> ScheduleReport:
    """Store when a part is retrained, and who said so.

    Args:
        work: where things are.
        part: name of the part.
        cron: five fields; None for triggers only.
        timezone: IANA name, whose wall clock the cron is read on.
        triggers: some of "drift", "approvals" and "new-data".
        set_by: who.

    Raises:
        UsageError: a cron, zone or trigger that means nothing, or neither cron nor trigger.
        NotFound: no such part, or no champion yet that could be retrained.
    """
    plain = None if cron is None else check_cron(cron)
    check_zone(timezone)
    unknown = [name for name in triggers if name not in TRIGGERS]
    if unknown or not (plain or triggers):
        raise UsageError(
            expected=f"--cron, or --trigger with some of {', '.join(TRIGGERS)}",
            found=f"the trigger {unknown[0]!r}" if unknown else "neither",
            action="For example: --cron '0 2 1 */3 *' --trigger drift,approvals,new-data.",
        )
    with work.registry.write() as rows:
        owner = rows.parts.get(part)
        rows.models.get(owner.id, "champion")
        rows.retraining.set_policy(
            owner.id, active=True, cron=plain, timezone=timezone, triggers=list(triggers), set_by=set_by
        )
        _audit(rows, owner, set_by, "schedule retrain", f"{plain or ''} {timezone} {','.join(triggers)}")
    return show(work, part)


def switch_off(work: Workplace, part: str, *, set_by: str) -> ScheduleReport:
    """Start nothing by itself any more; the policy stays to be seen.

    Raises:
        NotFound: no such part, or it has no policy.
    """
    with work.registry.write() as rows:
        owner = rows.parts.get(part)
        policy = rows.retraining.policy(owner.id)
        if policy is None:
            raise NotFound(
                expected=f"a policy of {part}",
                found="none",
                action="Nothing to switch off. Set one: factory-gen schedule retrain --part NAME --cron ...",
            )
        rows.retraining.set_policy(
            owner.id,
            active=False,
            cron=policy.cron,
            timezone=policy.timezone,
            triggers=policy.triggers,
            set_by=set_by,
        )
        _audit(rows, owner, set_by, "schedule off", policy.cron or "")
    return show(work, part)


def show(work: Workplace, part: str, now: datetime | None = None) -> ScheduleReport:
    """A part's policy, what it makes due, and what came of earlier retrainings.

    Raises:
        NotFound: no such part.
    """
    moment = now or datetime.now(UTC)
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        policy = rows.retraining.policy(owner.id)
        runs = rows.retraining.runs(owner.id)
        facts = gather(rows, owner, runs)
        try:
            due = due_of(owner, policy, runs, facts, moment)
            due_now = due.cause if due else ""
        except Locked as refusal:
            due_now = str(refusal)
    calendar = policy if policy and policy.active and policy.cron else None
    return ScheduleReport(
        part=part,
        active=bool(policy and policy.active),
        cron=policy.cron if policy else None,
        timezone=policy.timezone if policy else None,
        triggers=policy.triggers if policy else (),
        set_by=policy.set_by if policy else None,
        set_at=policy.created_at if policy else None,
        next_due=next_moment(str(calendar.cron), check_zone(calendar.timezone), now=moment)
        if calendar
        else None,
        due_now=due_now,
        facts=facts,
        history=[_line(run) for run in reversed(runs)],
    )


def due_now(work: Workplace, now: datetime | None = None) -> list[Due]:
    """What should start now, of all parts; whoever starts it passes `cause` and `due_at` on to `retrain.run`.

    Asking starts nothing, so any number of schedulers may ask; a moment is answered once all the same, since the
    registry takes one retraining for each.

    Raises:
        Locked: the clock was set back behind what was already done.
    """
    moment = now or datetime.now(UTC)
    found = []
    with work.registry.read() as rows:
        for part in rows.parts.list():
            runs = rows.retraining.runs(part.id)
            policy = rows.retraining.policy(part.id)
            due = _stopped(rows, part, runs, moment)
            due = due or due_of(part, policy, runs, gather(rows, part, runs), moment)
            found += [due] if due else []
    return found


def due_of(
    part: PartRecord,
    policy: RetrainPolicyRecord | None,
    runs: Sequence[RetrainRunRecord],
    facts: Facts,
    now: datetime,
) -> Due | None:
    """What is due for one part: the calendar first, then the triggers; None while a retraining is under way.

    Raises:
        Locked: the clock was set back behind what was already done.
    """
    if policy is None or not policy.active:
        return None
    last = max([policy.created_at, *(run.started_at for run in runs)])
    if clock_went_back(last, now):
        raise Locked(
            expected="a clock that goes forwards",
            found=f"{now:%Y-%m-%d %H:%M} UTC now, and {part.name} last changed {last:%Y-%m-%d %H:%M} UTC",
            action="Set this machine's clock right; until then nothing starts by itself.",
        )
    if any(run.state == "running" for run in runs):
        return None
    if policy.cron:
        answered = max((run.due_at for run in runs if run.due_at), default=policy.created_at)
        moment = due_moment(
            policy.cron, check_zone(policy.timezone), after=max(answered, policy.created_at), now=now
        )
        if moment is not None:
            cause = f"calendar {policy.cron} ({policy.timezone}), due {moment:%Y-%m-%d %H:%M} UTC"
            return Due(part=part.name, cause=cause, due_at=moment)
    cause = fired(policy.triggers, facts)
    return Due(part=part.name, cause=cause) if cause else None


def _stopped(rows: Work, part: PartRecord, runs: Sequence[RetrainRunRecord], now: datetime) -> Due | None:
    """A retraining that was begun and that nobody works on any more: `retrain.run` goes on with it."""
    running = next((run for run in runs if run.state == "running"), None)
    lease = rows.leases.of(f"retrain/{part.id}")
    if running is None or (lease is not None and lease.until > now and not is_dead(lease.holder)):
        return None
    return Due(part=part.name, cause=running.cause, due_at=running.due_at)


def _audit(rows: Work, part: PartRecord, actor: str, action: str, policy: str) -> None:
    rows.audit.add(
        actor=actor, action=action, subject=f"part {part.name}", details={"policy": policy.strip()}
    )


def _line(run: RetrainRunRecord) -> RunLine:
    return RunLine(
        retraining=run.id,
        cause=run.cause,
        state=run.state,
        reason=run.reason,
        started_by=run.started_by,
        started_at=run.started_at,
        ended_at=run.ended_at,
    )
