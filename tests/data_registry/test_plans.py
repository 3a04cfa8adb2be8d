"""The databases find rows through indexes, which is what keeps a million rows fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, text

from data_registry.address import parse_address
from data_registry.chunks import CHUNK
from data_registry.records import PartRecord
from data_registry.session import Registry, Work, open_registry
from tests.data_registry.rows import dataset, defect, good, model, sample, sha


@contextmanager
def _statements(registry: Registry) -> Iterator[list[tuple[str, Any]]]:
    """The SQL that is sent meanwhile, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Connection, _cur: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:
        if statement.startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(registry._engine, "before_cursor_execute", note)
    yield sent
    event.remove(registry._engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'r.sqlite3'}"
    with open_registry(url) as registry:
        with registry.write() as work:
            part = work.parts.add("tile", source_root="x")
            work.images.add_many(part.id, [good("a"), good("b", split="holdout"), defect("d"), defect("e")])
            trained = model(work, part, dataset(work, part))
            work.samples.add_many(part.id, [sample(work.images.page(part.id)[0], trained)])
        yield registry


@pytest.mark.parametrize(
    "look",
    [
        lambda work: work.images.page(1),
        lambda work: work.images.page(1, kind="good"),
        lambda work: work.images.page(1, kind="defect", with_mask=False),
        lambda work: work.images.page(1, split="holdout"),
        lambda work: work.images.page(1, defect_type="crack", split="generator"),
        lambda work: work.images.counts(1),
        lambda work: work.images.by_sha(1, sha("a")),
        lambda work: work.images.by_path(1, "good/a.png"),
        lambda work: work.images.known_hashes(1, [sha("a"), sha("b")]),
        lambda work: work.images.get(1),
        lambda work: work.samples.page(1),
        lambda work: work.samples.page(1, defect_type="crack"),
        lambda work: work.samples.page(1, model_version_id=1),
        lambda work: work.samples.page(1, request_sha256=sha("request")),
        lambda work: work.samples.indexes(sha("request")),
        lambda work: work.samples.counts(1),
        lambda work: work.references.named([sha("a"), sha("b")]),
    ],
)
def test_no_look_at_a_big_table_reads_all_of_it(filled: Registry, look: Callable[[Work], object]) -> None:
    with _statements(filled) as sent, filled.read() as work:
        look(work)
    assert sent
    with filled._engine.connect() as connection:
        for statement, parameters in sent:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            steps = [str(row[-1]) for row in plan]
            assert not [step for step in steps if step.startswith(("SCAN source_images", "SCAN samples"))], (
                steps
            )


@pytest.mark.parametrize(
    ("look", "columns"),
    [
        (lambda work: work.images.by_sha(1, sha("a")), "sha256=?"),
        (lambda work: work.images.by_path(1, "good/a.png"), "relative_path=?"),
        (lambda work: work.images.known_hashes(1, [sha("a"), sha("b")]), "sha256=?"),
    ],
)
def test_one_picture_is_found_by_what_is_asked_for(
    filled: Registry, look: Callable[[Work], object], columns: str
) -> None:
    """Not by the part, which is an index's first column, too."""
    with _statements(filled) as sent, filled.read() as work:
        look(work)
    [(statement, parameters)] = sent
    with filled._engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert [row[-1] for row in plan if "source_images" in row[-1] and columns in row[-1]], plan


def test_a_page_is_cut_before_names_are_joined(filled: Registry) -> None:
    """A sort of everything that fits would grow with the catalogue."""
    with _statements(filled) as sent, filled.read() as work:
        work.images.page(1, split="generator")
    statement, parameters = sent[-1]
    stretches = statement.count("LIMIT")
    assert stretches > 2
    with filled._engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert sum("ix_source_images_facets" in row[-1] for row in plan) >= stretches - 1


def test_postgresql_is_told_how_big_the_tables_are(
    registry_url: str, registry: Registry, part: PartRecord
) -> None:
    """On SQLite there is nothing to tell, and nothing breaks."""
    with registry.write() as work:
        work.images.add_many(part.id, (good(str(number)) for number in range(CHUNK + 50)))
    engine = create_engine(parse_address(registry_url))
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            query = text(
                "SELECT relname, reltuples FROM pg_class WHERE relname IN ('source_images', 'groups')"
            )
            counted = dict(connection.execute(query).all())
        assert counted["source_images"] == counted["groups"] == CHUNK
    engine.dispose()
