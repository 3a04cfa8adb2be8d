"""The audit trail: what was changed, dropped, added or moved behind the program's back is found."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from data_registry.address import parse_address
from data_registry.session import Registry, open_registry

EVENTS = 6
TRIGGERS = ("audit_events_frozen", "audit_events_no_delete", "audit_links_no_update", "audit_links_no_delete")


def write_events(registry: Registry, count: int = EVENTS) -> None:
    for number in range(count):
        with registry.write() as rows:
            rows.audit.add(
                actor="mia", action="train", subject="bolt", details={"number": number, "rate": 0.1}
            )


def test_an_untouched_trail_verifies(registry: Registry) -> None:
    write_events(registry)
    with registry.read() as rows:
        state = rows.audit.check()
        newest = rows.audit.recent(2)
        assert [event.id for event in rows.audit.recent(9, before_id=newest[-1].id)] == [4, 3, 2, 1]
        assert rows.audit.recent(actor="bo") == []
    assert (state.events, state.broken) == (EVENTS, ())
    assert [event.id for event in newest] == [6, 5]


def test_an_empty_trail_verifies(registry: Registry) -> None:
    with registry.read() as rows:
        assert rows.audit.check().broken == ()


ATTACKS = {
    "who": "UPDATE audit_events SET actor = 'bo' WHERE id = {n}",
    "what": 'UPDATE audit_events SET details = \'{{"number": 99, "rate": 0.1}}\' WHERE id = {n}',
    "when": "UPDATE audit_events SET created_at = '2020-01-01 00:00:00.000000' WHERE id = {n}",
    "drop event": "DELETE FROM audit_events WHERE id = {n}",
    "drop both": "DELETE FROM audit_events WHERE id = {n}; DELETE FROM audit_links WHERE event_id = {n}",
    "move": "UPDATE audit_events SET id = -1 WHERE id = {n}; UPDATE audit_events SET id = {n} WHERE id = {m};"
    " UPDATE audit_events SET id = {m} WHERE id = -1",
    "add": "INSERT INTO audit_events SELECT 99, actor, action, subject, details, created_at FROM audit_events"
    " WHERE id = {n}",
    "link": "UPDATE audit_links SET sha256 = '" + "e" * 64 + "' WHERE event_id = {n}",
}


@pytest.mark.parametrize("number", range(1, EVENTS + 1))
@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_on_every_event_is_found(tmp_path: Path, attack: str, number: int) -> None:
    path = tmp_path / "registry.db"
    with open_registry(f"sqlite:///{path}") as registry:
        write_events(registry)
    with closing(sqlite3.connect(path)) as database:
        for trigger in TRIGGERS:
            database.execute(f"DROP TRIGGER {trigger}")
        database.executescript(ATTACKS[attack].format(n=number, m=number % EVENTS + 1))
        database.commit()
    with open_registry(f"sqlite:///{path}") as registry, registry.read() as rows:
        assert rows.audit.check().broken != ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor = 'bo'",
        "DELETE FROM audit_events",
        "UPDATE audit_links SET sha256 = 'x'",
        "DELETE FROM audit_links",
    ],
)
def test_the_database_itself_refuses_to_rewrite(registry_url: str, statement: str) -> None:
    with open_registry(registry_url) as registry:
        write_events(registry, 1)
    engine = create_engine(parse_address(registry_url))
    try:
        with pytest.raises(DBAPIError, match="never rewritten"), engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def test_events_from_before_the_chain_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with open_registry(f"sqlite:///{path}") as registry:
        write_events(registry)
    with closing(sqlite3.connect(path)) as database:  # back to what 0003 made
        for table in ("accounts", "visits", "log_in_failures", "overrides", "audit_links", "audit_heads"):
            database.execute(f"DROP TABLE {table}")
        database.execute("DROP TRIGGER audit_events_no_delete")
        database.execute("UPDATE registry_version SET version_num = '0003'")
        database.commit()
    with open_registry(f"sqlite:///{path}") as registry:
        write_events(registry, 1)
        with registry.read() as rows:
            state = rows.audit.check()
            assert json.loads(json.dumps(rows.audit.of("bolt")[0].details)) == {"number": 0, "rate": 0.1}
    assert (state.events, state.broken) == (EVENTS + 1, ())
