"""What a registry holds, without when it came to be: two that were filled by the same jobs have the same content."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Table, select

from data_registry.columns import Base, UtcDateTime

Content = dict[str, list[str]]


def content_of(engine: Engine, leave_out: Iterable[str] = ()) -> Content:
    """Every row of every table as JSON text, sorted; moments are left out, since they always differ.

    Args:
        engine: of an open registry.
        leave_out: tables, or `table.column`s, that may differ for a reason.
    """
    gone = frozenset(leave_out)
    with engine.connect() as connection:
        return {
            table.name: sorted(
                _text(table, row, gone) for row in connection.execute(select(table)).mappings()
            )
            for table in Base.metadata.sorted_tables
            if table.name not in gone
        }


def _text(table: Table, row: Any, gone: frozenset[str]) -> str:
    kept = {
        column.name: row[column.name]
        for column in table.columns
        if not isinstance(column.type, UtcDateTime) and f"{table.name}.{column.name}" not in gone
    }
    return json.dumps(kept, sort_keys=True, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
