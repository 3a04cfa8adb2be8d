"""Due moments against the real changes of the clock in Berlin, and none in Tokyo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from factory_gen.errors import UsageError
from pipelines.operation.calendar_rule import check_cron, check_zone, clock_went_back, due_moment, next_moment

BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "now", "due"),
    [
        # 02:00 on the first of the quarter: 01:00 UTC in winter, 00:00 UTC in summer, 17:00 UTC the day before in Tokyo
        ("0 2 1 */3 *", BERLIN, "2025-12-01", "2026-01-01T00:59", None),
        ("0 2 1 */3 *", BERLIN, "2025-12-01", "2026-01-01T01:00", "2026-01-01T01:00"),
        ("0 2 1 */3 *", BERLIN, "2026-01-02", "2026-04-01T00:00", "2026-04-01T00:00"),
        ("0 2 1 */3 *", TOKYO, "2025-12-01", "2025-12-31T17:00", "2025-12-31T17:00"),
        # three quarters missed: the newest alone
        ("0 2 1 */3 *", BERLIN, "2025-12-01", "2026-07-15", "2026-07-01T00:00"),
        ("0 2 1 */3 *", BERLIN, "2026-07-01T00:00", "2026-07-15", None),
        # 29 March 2026: 02:00 becomes 03:00, so 02:30 is due at 03:30 summer time, once
        ("30 2 * * *", BERLIN, "2026-03-28T12:00", "2026-03-29T01:10", None),
        ("30 2 * * *", BERLIN, "2026-03-28T12:00", "2026-03-29T01:30", "2026-03-29T01:30"),
        ("30 2 * * *", BERLIN, "2026-03-29T01:30", "2026-03-29T23:00", None),
        ("30 2 * * *", BERLIN, "2026-03-29T01:30", "2026-03-30T00:30", "2026-03-30T00:30"),
        # 25 October 2026: 02:30 comes twice, at 00:30 and at 01:30 UTC; the first counts
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", "2026-10-25T00:29", None),
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", "2026-10-25T00:30", "2026-10-25T00:30"),
        ("30 2 * * *", BERLIN, "2026-10-25T00:30", "2026-10-25T01:30", None),
        ("30 2 * * *", BERLIN, "2026-10-25T00:30", "2026-10-26T01:30", "2026-10-26T01:30"),
        # the same nights in Tokyo, which changes nothing
        ("30 2 * * *", TOKYO, "2026-03-28T00:00", "2026-03-28T17:30", "2026-03-28T17:30"),
        ("30 2 * * *", TOKYO, "2026-03-28T17:30", "2026-03-29T17:29", None),
        ("30 2 * * *", TOKYO, "2026-10-24T17:30", "2026-10-25T17:30", "2026-10-25T17:30"),
        # the clock set back a day after a moment was answered: it is not answered again
        ("30 2 * * *", TOKYO, "2026-03-28T17:30", "2026-03-27T18:00", None),
        # a year of service lost over a leap day
        ("0 0 29 2 *", BERLIN, "2027-01-01", "2028-03-05", "2028-02-28T23:00"),
    ],
)
def test_what_is_due(cron: str, zone: ZoneInfo, after: str, now: str, due: str | None) -> None:
    found = due_moment(cron, zone, after=utc(after), now=utc(now))
    assert found == (None if due is None else utc(due))


@pytest.mark.parametrize(
    ("zone", "start", "nights"),
    [(BERLIN, "2026-03-20", 20), (BERLIN, "2026-10-20", 12), (TOKYO, "2026-03-20", 12)],
)
def test_a_service_that_looks_every_ten_minutes_starts_once_a_night(
    zone: ZoneInfo, start: str, nights: int
) -> None:
    answered = now = utc(start)
    starts = []
    while now < utc(start) + timedelta(days=nights):
        if (due := due_moment("30 2 * * *", zone, after=answered, now=now)) is not None:
            starts.append(now)
            answered = due
        now += timedelta(minutes=10)
    assert len(starts) == nights
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert all(timedelta(hours=23) <= gap <= timedelta(hours=25) for gap in gaps)


@pytest.mark.parametrize(
    ("zone", "now", "next_one"),
    [
        (BERLIN, "2026-03-29T00:30", "2026-03-29T01:30"),
        (BERLIN, "2026-10-25T00:30", "2026-10-26T01:30"),
        (BERLIN, "2026-10-25T00:29", "2026-10-25T00:30"),
        (TOKYO, "2026-03-28T17:30", "2026-03-29T17:30"),
    ],
)
def test_what_comes_next(zone: ZoneInfo, now: str, next_one: str) -> None:
    assert next_moment("30 2 * * *", zone, now=utc(now)) == utc(next_one)


@pytest.mark.parametrize(
    "text", ["", "x", "0 2 1 */3", "0 2 1 */3 * *", "61 2 * * *", "0 2 31 2 *", "@daily", "0 25 * * *"]
)
def test_a_wrong_cron_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_cron(text)
    assert refused.value.action


@pytest.mark.parametrize("text", ["0 2 1 */3 *", "  0  2 1 */3 * ", "30 2 * * mon", "0 0 29 2 *"])
def test_a_right_cron_passes(text: str) -> None:
    assert check_cron(text) == " ".join(text.split())


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_wrong_zone_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="Europe/Berlin"):
        check_zone(name)
    assert check_zone("Asia/Tokyo") == TOKYO


def test_a_clock_that_went_back_is_told_from_seconds_between_machines() -> None:
    now = utc("2026-05-01T12:00")
    assert not clock_went_back(None, now)
    assert not clock_went_back(now + timedelta(seconds=90), now)
    assert clock_went_back(now + timedelta(hours=1), now)
