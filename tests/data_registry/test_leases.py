from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from data_registry.address import parse_address
from data_registry.errors import BadRecord, Locked
from data_registry.session import Registry, open_registry

NOW = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
NAME = "retrain/tile"


def take(registry: Registry, holder: str, at: datetime, over: str | None = None) -> None:
    with registry.write() as work:
        work.leases.take(NAME, holder=holder, seconds=300, now=at, over=over)


def test_one_holder_until_it_is_over_given_back_or_known_to_be_dead(registry: Registry) -> None:
    take(registry, "a", NOW)
    with pytest.raises(Locked, match="a, until 2026-03-29 01:04:00"):
        take(registry, "b", NOW + timedelta(seconds=299))
    take(registry, "a", NOW + timedelta(seconds=200))  # renewed
    with pytest.raises(Locked):
        take(registry, "b", NOW + timedelta(seconds=400))
    take(registry, "b", NOW + timedelta(seconds=500))  # outlived
    with registry.write() as work:
        work.leases.give_back(NAME, holder="a")  # not its own any more
        assert work.leases.of(NAME) is not None
        work.leases.give_back(NAME, holder="b")
    take(registry, "c", NOW + timedelta(seconds=501))
    take(registry, "d", NOW + timedelta(seconds=502), over="c")
    with registry.read() as work:
        lease = work.leases.of(NAME)
    assert lease is not None
    assert (lease.holder, lease.until) == ("d", NOW + timedelta(seconds=802))


def test_a_clock_that_was_set_back_is_named(registry: Registry) -> None:
    take(registry, "a", NOW)
    with pytest.raises(Locked, match="clock"):
        take(registry, "b", NOW - timedelta(days=1))
    with pytest.raises(Locked, match="until"):  # clocks of two machines differ by seconds: an ordinary wait
        take(registry, "b", NOW - timedelta(seconds=5))


def test_of_two_at_once_one_gets_it(registry_url: str) -> None:
    """Two schedulers, each with its own connection, race for an empty lease."""
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def race(registry: Registry, holder: str) -> None:
        start.wait()
        try:
            take(registry, holder, NOW)
            outcomes.append("got it")
        except Locked:
            outcomes.append("refused")

    with open_registry(registry_url) as one, open_registry(registry_url) as two:
        threads = [threading.Thread(target=race, args=pair) for pair in ((one, "a"), (two, "b"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(outcomes) == ["got it", "refused"]


def test_nameless_leases_are_refused(registry: Registry) -> None:
    with pytest.raises(BadRecord), registry.write() as work:
        work.leases.take("", holder="a", seconds=1)


def test_the_audit_trail_is_added_to_and_never_rewritten(registry: Registry, registry_url: str) -> None:
    with registry.write() as work:
        event = work.audit.add(actor="ann", action="delete part", subject="part tile", details={"images": 3})
        work.audit.add(actor="ann", action="delete part", subject="part ring")
    with registry.read() as work:
        assert work.audit.of("part tile") == [event]
    with pytest.raises(BadRecord), registry.write() as work:
        work.audit.add(actor=" ", action="delete part", subject="part tile")
    engine = create_engine(parse_address(registry_url))
    with pytest.raises(DBAPIError, match="never rewritten"), engine.begin() as connection:
        connection.execute(text("UPDATE audit_events SET actor = 'nobody'"))
    engine.dispose()
