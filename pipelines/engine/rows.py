"""The engine's rows of this machine, read from its file: a page of jobs out of ten thousand in milliseconds.

The engine's HTTP interface needs a third of a second for that on two busy cores, most of it for fields that nobody
shows. The file is only read, and only while the engine that writes it listens; a file that looks otherwise than that of
the pinned Prefect is not read at all.
"""

from __future__ import annotations

import json
import socket
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines.engine.places import alive, engine_database, read_note
from pipelines.engine.rest import Engine
from pipelines.settings import Settings

LISTENS_WITHIN_S = 1.0
_PAGE = """
SELECT run.id, run.name, run.tags, run.parameters, run.created, run.start_time, run.end_time, run.state_type,
       state.message
FROM flow_run AS run LEFT JOIN flow_run_state AS state ON state.id = run.state_id
{where} ORDER BY run.expected_start_time DESC LIMIT ? OFFSET ?
"""
_COUNT = "SELECT count(*) FROM flow_run AS run {where}"
_TAGGED = "instr(run.tags, ?) > 0"
_MANY = 500
_ARTIFACTS = (
    "SELECT flow_run_id, data FROM artifact WHERE type = ? AND flow_run_id IN ({marks}) ORDER BY updated"
)


class OwnRows:
    """The engine's file, open for reading.

    Args:
        connection: to the file.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def page(
        self, tags: Sequence[str], state_types: Sequence[str], *, limit: int, offset: int
    ) -> tuple[list[Mapping[str, Any]], int]:
        """Runs in the form of the engine's interface, the newest first, and how many there are in all.

        Args:
            tags: all of which a run carries.
            state_types: the engine's words, one of which is its state; any state when empty.
            limit, offset: which of them.
        """
        # the engine writes its JSON without escapes that need not be
        terms, values = [_TAGGED for _ in tags], [json.dumps(tag, ensure_ascii=False) for tag in tags]
        if state_types:
            terms.append(f"run.state_type IN ({_marks(state_types)})")
            values += state_types
        count = self._connection.execute(_COUNT.format(where=_where(terms)), values)
        (total,) = count.fetchone()
        if total > _MANY:  # then walking along the order finds a page sooner than sorting all of them
            terms = [f"+{term}" for term in terms]
        found = self._connection.execute(_PAGE.format(where=_where(terms)), (*values, limit, offset))
        return [_run(row) for row in found], int(total)

    def artifacts(self, run_ids: Sequence[str], kind: str) -> dict[str, Mapping[str, Any]]:
        """What runs have stored beside them under that kind, by run; the last of each counts."""
        found = self._connection.execute(_ARTIFACTS.format(marks=_marks(run_ids)), (kind, *run_ids))
        return {run_id: json.loads(data) for run_id, data in found}


@contextmanager
def own_rows(settings: Settings, engine: Engine) -> Iterator[OwnRows | None]:
    """The rows of the engine, when it is one of this home that listens now; None when it must be asked over HTTP."""
    note, path = read_note(settings), engine_database(settings)
    ours = note is not None and alive(note) and note.engine_url == engine.url
    runs_here = ours and note is not None and any(service.address == engine.url for service in note.services)
    if not (runs_here and path.is_file() and _listens(engine.url)):
        yield None
        return
    connection = _open(path)
    try:
        yield None if connection is None else OwnRows(connection)
    finally:
        if connection is not None:
            connection.close()


def _open(path: Path) -> sqlite3.Connection | None:
    with suppress(sqlite3.Error):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=LISTENS_WITHIN_S)
        with suppress(sqlite3.Error):
            connection.execute(_PAGE.format(where=""), (0, 0))
            connection.execute(_ARTIFACTS.format(marks="?"), ("", ""))
            connection.execute("BEGIN")  # page and count show one moment
            return connection
        connection.close()
    return None


def _listens(url: str) -> bool:
    place = urlsplit(url)
    with suppress(OSError), socket.create_connection((place.hostname, place.port), LISTENS_WITHIN_S):
        return True
    return False


def _run(row: tuple[Any, ...]) -> Mapping[str, Any]:
    run_id, name, tags, parameters, created, started, ended, state_type, message = row
    return {
        "id": run_id,
        "name": name,
        "tags": json.loads(tags),
        "parameters": json.loads(parameters),
        "created": _moment(created),
        "start_time": _moment(started),
        "end_time": _moment(ended),
        "state": {"type": state_type, "message": message} if state_type else None,
    }


def _moment(text: str | None) -> str | None:
    return f"{text}+00:00" if text else None  # the engine stores UTC and leaves the zone out


def _where(terms: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(terms)}" if terms else ""


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)
