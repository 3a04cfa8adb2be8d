"""When is a retraining due? Pure functions of the cron expression, the time zone and the clock.

A cron expression is read on the wall clock of its zone. A wall time that a zone skips in spring is due when the clock
has jumped (as much later); one that it has twice in autumn is due at its first pass only. However many moments were
missed, the newest one alone is made up for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from factory_gen.errors import UsageError

FIELDS = 5
_YEARS = 5  # 29 February on a weekday comes at least this often, or the expression means never
CLOCK_TOLERANCE = timedelta(minutes=2)


def check_cron(text: str) -> str:
    """Give the expression back if it means something.

    Raises:
        UsageError: not five fields, a value out of range, or a date that never comes.
    """
    plain = " ".join(text.split())
    # Names such as @daily and a sixth field for seconds are left out: one way to write it is enough.
    if len(plain.split()) != FIELDS or not croniter.is_valid(plain):
        raise UsageError(
            expected="a cron expression of five fields: minute, hour, day of the month, month, day of the week",
            found=repr(text),
            action="For the first of January, April, July and October at two: --cron '0 2 1 */3 *'.",
        )
    try:
        croniter(plain, datetime(2026, 1, 1), max_years_between_matches=_YEARS).get_next(datetime)
    except CroniterError as fault:
        raise UsageError(
            expected="a date that comes",
            found=f"{text!r}, which never does",
            action="Correct day and month.",
        ) from fault
    return plain


def check_zone(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        UsageError: no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise UsageError(
            expected="a time zone such as Europe/Berlin, Asia/Tokyo or UTC",
            found=repr(name),
            action="Correct --timezone.",
        ) from fault


def due_moment(cron: str, zone: ZoneInfo, *, after: datetime, now: datetime) -> datetime | None:
    """The newest moment that is due and was not answered.

    Args:
        cron: a checked expression.
        zone: whose wall clock it is read on.
        after: the last moment that was answered, or when the rule was made; with a zone.
        now: with a zone.

    Returns:
        In UTC; None if nothing came due in (after, now].
    """
    wall = now.astimezone(zone).replace(tzinfo=None)
    # A minute on, so that this very minute counts.
    for local in _backwards(cron, wall + timedelta(minutes=1)):
        moment = _in_utc(local, zone)
        if moment <= after:
            return None
        if moment <= now:
            return moment
    return None


def next_moment(cron: str, zone: ZoneInfo, *, now: datetime) -> datetime:
    """The next moment after now, in UTC."""
    # From an hour back: in autumn the wall clock stands before what it showed an hour ago.
    wall = now.astimezone(zone).replace(tzinfo=None) - timedelta(hours=2)
    steps = croniter(cron, wall, max_years_between_matches=_YEARS)
    while True:
        moment = _in_utc(steps.get_next(datetime), zone)
        if moment > now:
            return moment


def clock_went_back(last: datetime | None, now: datetime) -> bool:
    """Whether something that was done lies in the future: the clock was set back since, and nothing may be judged."""
    return last is not None and last > now + CLOCK_TOLERANCE


def _backwards(cron: str, wall: datetime) -> Iterator[datetime]:
    steps = croniter(cron, wall, max_years_between_matches=_YEARS)
    while True:
        yield steps.get_prev(datetime)


def _in_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """Wall time to UTC: the first pass of a repeated time; a skipped one as much later as the clock jumped."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
