"""Home: an empty registry, a part at each step, and one with figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.figures.kpi_names import USABLE
from pipelines.queries.home import STEPS, home_facts
from tests.pipelines.drawn_part import workplace
from tests.pipelines.judged_part import judged_part
from tests.ui.test_app import a_home

Draw = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    return " ".join(one.value for one in [*app.markdown, *app.caption])


def test_without_a_part_it_says_how_to_get_one(draw: Draw, tmp_path: Path) -> None:
    app = draw("home", a_home(tmp_path))
    assert not app.exception
    assert "There is no part yet" in texts(app)


def test_a_new_part_is_sent_to_its_pictures(draw: Draw, tmp_path: Path) -> None:
    app = draw("home", a_home(tmp_path, "bolt"))
    assert not app.exception
    assert "Add pictures of the part" in texts(app)
    assert texts(app).count("radio_button_unchecked") == len(STEPS) - 1
    assert [one.value for one in app.metric] == ["–", "–", "–"]


@pytest.mark.parametrize(("language", "word"), [("en", "Usable rate"), ("ja", "次"), ("de", "Als Nächstes")])
def test_a_judged_part_shows_figures_and_one_next_step(
    draw: Draw, tmp_path: Path, language: str, word: str
) -> None:
    with workplace(tmp_path) as work:
        part = judged_part(work)
        with work.registry.write() as rows:
            rows.kpis.add(part.id, name=USABLE, value=0.5, unit="share", low=0.4, high=0.6, details={})
            rows.kpis.add(part.id, name=USABLE, value=0.9, unit="share", low=0.8, high=0.95, details={})
        facts = home_facts(work, part)
    assert facts.figures[USABLE].before[-2:] == (0.5, 0.9)
    assert facts.next_step in STEPS and not facts.done[facts.next_step or ""]
    app = draw("home", tmp_path, language=language)
    assert not app.exception
    assert "90%" in [one.value for one in app.metric]
    assert word in texts(app) + " ".join(one.label for one in app.metric)
