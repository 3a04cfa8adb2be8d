"""The notes of one ingest, on disk: a temporary SQLite file, so that a million pictures need no more memory than ten.

Two tables matter. `known` holds the rows that the registry has of this part, `files` what was just looked at.
A file's `state` says what becomes of it: `new`, `known` (stored already), `mask` (stored without its mask, which
is there now), `duplicate`, or `out` (refused after all).
"""

from __future__ import annotations

import json
import posixpath
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_registry.records import SourceImageRecord
from factory_gen.errors import NoSpace
from pipelines.intake.check import Checked

_TABLES = """
CREATE TABLE known (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, type TEXT NOT NULL, kind TEXT NOT NULL, sha256 TEXT NOT NULL,
    group_key TEXT NOT NULL, split TEXT NOT NULL, has_mask INTEGER NOT NULL, bit_depth INTEGER NOT NULL,
    settled INTEGER NOT NULL, width INTEGER, height INTEGER, mode TEXT
);
CREATE INDEX known_path ON known (path, type);
CREATE INDEX known_sha ON known (sha256);
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, type TEXT NOT NULL, kind TEXT NOT NULL, hint TEXT,
    sha256 TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, mode TEXT NOT NULL,
    bit_depth INTEGER NOT NULL, deep INTEGER NOT NULL, conversions TEXT NOT NULL, mask_png BLOB,
    mask_origin TEXT, warning TEXT, state TEXT NOT NULL DEFAULT 'new', known_id INTEGER, group_key TEXT,
    UNIQUE (path, type)
);
CREATE INDEX files_sha ON files (sha256);
CREATE TABLE thumbs (path TEXT PRIMARY KEY, sort_key TEXT NOT NULL, pixels BLOB NOT NULL);
CREATE TABLE groups (
    group_key TEXT PRIMARY KEY, sort_key TEXT NOT NULL, types TEXT NOT NULL, trains INTEGER NOT NULL,
    tests INTEGER NOT NULL, recorded TEXT, settled INTEGER NOT NULL, split TEXT
);
CREATE TABLE listed (path TEXT PRIMARY KEY, group_key TEXT NOT NULL);
"""
# every picture that the part will have: the stored ones and the new ones
_MEMBERS = """
CREATE VIEW members AS
    SELECT path, type, kind, sha256, group_key, NULL AS hint, settled FROM known
    UNION ALL
    SELECT path, type, kind, sha256, group_key, hint, 0 FROM files WHERE state = 'new'
"""
_DIGITS = re.compile("([0-9]+)")


@dataclass(frozen=True, slots=True)
class Notebook:
    """An open notebook; `rows` runs any SQL on it."""

    database: sqlite3.Connection
    folder: Path

    def rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Run one statement and yield its rows."""
        yield from self.database.execute(query, values)

    def one(self, query: str, *values: Any) -> Any:
        """Run one statement and return the first value of its first row, None without a row."""
        row = self.database.execute(query, values).fetchone()
        return None if row is None else row[0]

    def change(self, statement: str, *values: Any) -> int:
        """Run one statement and return how many rows it changed."""
        return self.database.execute(statement, values).rowcount

    def note(self, checked: Checked) -> bool:
        """Note one checked picture; False when the same path and type was noted before."""
        found = checked.found
        added = self.change(
            "INSERT OR IGNORE INTO files (path, type, kind, hint, sha256, width, height, mode, bit_depth, deep,"
            " conversions, mask_png, mask_origin, warning) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            found.relative_path,
            found.defect_type or "",
            found.kind,
            found.hint,
            checked.sha256,
            checked.width,
            checked.height,
            checked.mode,
            checked.bit_depth,
            checked.deep,
            json.dumps(checked.conversions),
            checked.mask_png,
            checked.mask_origin,
            checked.warning,
        )
        self.change(
            "INSERT OR IGNORE INTO thumbs (path, sort_key, pixels) VALUES (?,?,?)",
            found.relative_path,
            natural_key(found.relative_path),
            checked.thumb,
        )
        return added > 0

    def note_known(self, records: Iterable[SourceImageRecord], settled: int) -> None:
        """Note the registry's rows in rising order; the first `settled` of them belong to a finished ingest."""
        self.database.executemany(
            "INSERT INTO known VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                (
                    record.id,
                    record.relative_path,
                    record.defect_type or "",
                    record.kind,
                    record.sha256,
                    record.group,
                    record.split,
                    record.mask_sha256 is not None,
                    record.bit_depth,
                    number < settled,
                    record.width,
                    record.height,
                    record.mode,
                )
                for number, record in enumerate(records)
            ),
        )


@contextmanager
def open_notebook(scratch: Path | None = None) -> Iterator[Notebook]:
    """An empty notebook that is gone after the `with` block.

    Args:
        scratch: folder for the file; the system's temporary folder by default.

    Raises:
        NoSpace: the disk of the notebook is full.
    """
    with tempfile.TemporaryDirectory(prefix="factory-gen-ingest-", dir=scratch) as folder:
        database = sqlite3.connect(Path(folder) / "notes.sqlite3", isolation_level=None)
        try:
            # nothing here must survive a crash, so nothing waits for the disk
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute("PRAGMA cache_size = -16000")
            database.create_function("natural_key", 1, natural_key, deterministic=True)
            database.create_function("file_name", 1, posixpath.basename, deterministic=True)
            database.executescript(_TABLES)
            database.execute(_MEMBERS)
            yield Notebook(database, Path(folder))
        except sqlite3.OperationalError as fault:
            if "full" not in str(fault):
                raise
            raise NoSpace(
                expected=f"room for the notes of the ingest in {Path(folder).parent}",
                found="a full disk",
                action="Free some space there, or set TMPDIR to another disk, and start again.",
            ) from fault
        finally:
            database.close()


def natural_key(text: str) -> str:
    """A key that sorts names as people do: "part 9" before "part 10"; equal keys fall back on the text."""
    parts = _DIGITS.split(text)
    for index in range(1, len(parts), 2):
        digits = parts[index].lstrip("0")
        parts[index] = f"{len(digits):04d}{digits}"
    return "".join(parts) + "\n" + text
