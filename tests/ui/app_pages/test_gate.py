"""The page of gate and figures: empty, and with a verdict, reviews and money."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data_registry.session import open_registry
from pipelines.figures.kpi_names import INPUTS
from tests.pipelines.drawn_part import workplace
from tests.pipelines.judged_part import judged_part
from tests.ui.test_app import a_home

Draw = Callable[..., AppTest]


def test_without_a_verdict_it_says_how_to_get_one(draw: Draw, tmp_path: Path) -> None:
    app = draw("gate", a_home(tmp_path, "bolt"))
    assert not app.exception
    told = " ".join(one.value for one in app.markdown)
    assert "No gate has judged these samples yet" in told and "factory-gen gate" in told


@pytest.mark.parametrize("language", ["en", "ja", "de"])
def test_verdict_cards_and_charts_are_drawn(draw: Draw, tmp_path: Path, language: str) -> None:
    with workplace(tmp_path) as work:
        judged_part(work)
    app = draw("gate", tmp_path, language=language)
    assert not app.exception
    assert [one.value for one in app.metric][1] == "90%"
    assert len(app.main.get("arrow_vega_lite_chart")) + len(app.main.get("vega_lite_chart")) >= 6
    assert len(app.dataframe[0].value) == 3


def test_inputs_change_the_money_and_are_kept(draw: Draw, tmp_path: Path) -> None:
    with workplace(tmp_path) as work:
        part = judged_part(work)
    app = draw("gate", tmp_path)
    before = [one.value for one in app.main.markdown if "per month" in one.value]
    app.main.text_input(key=f"currency_{part.id}").set_value("JPY")
    app.main.slider(key=f"months_{part.id}").set_value(36).run()
    after = [one.value for one in app.main.markdown if "per month" in one.value]
    assert before != after and "JPY" in after[0]
    [keep] = [one for one in app.main.button if one.label.startswith("Keep")]
    keep.click().run()
    assert not app.exception
    with open_registry(f"sqlite:///{tmp_path / 'registry.db'}") as registry, registry.read() as rows:
        kept = rows.kpis.latest(part.id, INPUTS)
        assert kept is not None and kept.details["currency"] == "JPY" and kept.details["months"] == 36
    assert app.main.text_input(key=f"currency_{part.id}").value == "JPY"
