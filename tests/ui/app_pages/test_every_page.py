"""Every page with an empty registry, a part without anything, a small part and a large one: drawn, and no failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data_registry.records import NewSample, SampleRecord
from factory_gen.images.files import encode_png
from pipelines.wiring import Workplace
from tests.data_registry.rows import sha
from tests.drawn_files import grey
from tests.pipelines.drawn_part import add_good, draw_part, workplace
from tests.ui.test_app import a_home
from ui.pages_table import present

Draw = Callable[..., AppTest]
PAGES = [entry.name for entry in present()]
MANY, SHOWN_AT_ONCE = 20_000, 60


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A home of each size."""
    made = {size: tmp_path_factory.mktemp(size) for size in ("empty", "bare", "small", "large")}
    a_home(made["empty"])
    a_home(made["bare"], "tile")
    with workplace(made["small"]) as work:
        draw_part(work, samples=7)
    with workplace(made["large"]) as work:
        draw_part(work, samples=6)
        enlarge(work)
    return made


def enlarge(work: Workplace) -> None:
    """Many more samples, as rows that share the stored bytes of those that are there, and more pictures than a page."""
    with work.registry.read() as rows:
        part = rows.parts.get("tile")
        samples = rows.samples.page(part.id)
    for number in range(40):
        add_good(work, part, f"good/more-{number}.png", encode_png(grey(100 + number)))
    with work.registry.write() as rows:
        rows.samples.add_many(part.id, more_samples(samples))
        for one in rows.samples.page(part.id, limit=500):
            rows.reviews.add(one.id, decision="ok" if one.id % 5 else "ng", reviewer="Sato")


def more_samples(like: list[SampleRecord]) -> Iterator[NewSample]:
    names = [field.name for field in fields(NewSample)]
    for number in range(MANY):
        facts: dict[str, Any] = {name: getattr(like[number % len(like)], name) for name in names}
        yield NewSample(**facts | {"request_sha256": sha("many"), "index": number, "seed": number})


@pytest.mark.parametrize("size", ["empty", "bare", "small", "large"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_drawn_without_a_failure(draw: Draw, homes: dict[str, Path], page: str, size: str) -> None:
    app = draw(page, homes[size])
    assert not app.exception
    assert [one.value for one in app.title] != []
    assert [one.value for one in app.markdown if ":material/error:" in one.value] == []
    assert len(app.get("imgs")) <= SHOWN_AT_ONCE
    if size == "empty" and page != "administration":
        words = " ".join(str(one.value) for one in [*app.markdown, *app.info, *app.caption])
        assert "There is no part yet" in words or "nothing to review" in words


@pytest.mark.parametrize("language", ["ja", "de"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_drawn_in_every_language(
    draw: Draw, homes: dict[str, Path], page: str, language: str
) -> None:
    app = draw(page, homes["small"], language=language)
    assert not app.exception
    assert [one.value for one in app.title] != []
