"""Keep PostgreSQL's planner informed while a table grows within minutes from nothing to a million rows.

Its own housekeeping comes too late for that: without figures it takes the part's number for a rare
value and reads all rows of the part for every look-up. SQLite plans by rules and needs nothing.
"""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from data_registry.schema import Sample, SourceImage

_GROWTH = 4


def refresh_statistics(session: Session, table: type[SourceImage] | type[Sample]) -> None:
    """Let PostgreSQL count anew when `table` has grown fourfold since it last did.

    So the cost stays small however long an ingest runs. A table that somebody else is counting is
    passed over.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    newest = session.scalar(select(func.max(table.id))) or 0
    name = {"name": table.__tablename__}
    counted = session.scalar(text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)"), name)
    if newest > _GROWTH * max(counted or 0, 0):
        session.execute(text(f"ANALYZE (SKIP_LOCKED) {table.__tablename__}, groups, masks"))
