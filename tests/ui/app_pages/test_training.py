"""The training page: empty, with models to promote and roll back, and with runs that are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from data_registry.session import open_registry
from pipelines.tracking import open_tracker
from tests.data_registry.rows import dataset, model
from tests.pipelines.drawn_part import workplace
from tests.ui.test_app import a_home

Draw = Callable[..., AppTest]


def with_models(home: Path, count: int = 2) -> Path:
    with (
        open_registry(f"sqlite:///{a_home(home, 'bolt') / 'registry.db'}") as registry,
        registry.write() as rows,
    ):
        part = rows.parts.get("bolt")
        version = dataset(rows, part)
        made = [model(rows, part, version, folder=f"m{n}") for n in range(count)]
        rows.models.set_alias(part.id, "champion", made[0].id)
    return home


def champion(home: Path) -> int:
    with open_registry(f"sqlite:///{home / 'registry.db'}") as registry, registry.read() as rows:
        return rows.models.get(rows.parts.get("bolt").id, "champion").number


def with_runs(home: Path) -> None:
    with workplace(home) as work:
        tracker = open_tracker(replace(work.settings, tracking=True))
        for number in range(2):
            tags = {"recipe_sha256": f"{number}"}
            with tracker.start_training_run(
                "bolt", {"flow": {"steps": 10 + number}}, tags, name=f"try {number}"
            ) as run:
                for step in range(5):
                    run.log_metrics({"flow.loss": 1.0 / (step + 1 + number)}, step)
                run.log_metrics({"final.psnr": 30.0 + number}, 0)
                Image.fromarray(np.zeros((20, 20), np.uint8)).save(home / "samples.png")
                run.log_figure_png(home / "samples.png")
    (home / "samples.png").unlink()


@pytest.fixture
def no_tracking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTORY_GEN_TRACKING", "false")


@pytest.mark.usefixtures("no_tracking")
def test_without_a_model_it_says_how_to_get_one(draw: Draw, tmp_path: Path) -> None:
    app = draw("training", a_home(tmp_path, "bolt"))
    assert not app.exception
    assert "There is no model yet" in " ".join(one.value for one in app.markdown)
    assert any("No training has been tracked" in one.value for one in app.caption)


@pytest.mark.usefixtures("no_tracking")
def test_a_challenger_is_promoted_with_a_reason_and_rolled_back(draw: Draw, tmp_path: Path) -> None:
    app = draw("training", with_models(tmp_path))
    assert app.main.button(key="promote").disabled
    app.main.text_input(key="promote_why").set_value("the champion is too old").run()
    app.main.button(key="promote").click().run()
    assert not app.exception
    assert champion(tmp_path) == 2
    app.main.button(key="roll_back").click().run()
    assert champion(tmp_path) == 1


@pytest.mark.usefixtures("no_tracking")
def test_a_training_needs_the_engine(draw: Draw, tmp_path: Path) -> None:
    app = draw("training", with_models(tmp_path))
    [button] = [one for one in app.main.button if one.label == "Start the training"]
    assert button.disabled
    assert "factory-gen up" in " ".join(one.value for one in app.markdown)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_runs_are_compared(draw: Draw, tmp_path: Path, language: str) -> None:
    with_runs(with_models(tmp_path))
    app = draw("training", tmp_path, language=language)
    assert not app.exception
    box = app.main.multiselect[0]
    assert len(box.value) == 1
    both = list(box.options)
    assert len(both) == 2
    box.set_value(both).run()
    assert not app.exception
    tables = [one.value for one in app.dataframe]
    assert [list(one.iloc[0][1:]) for one in tables if "psnr" in str(one.values)][-1] == ["31", "30"]
    assert any("flow.steps" in str(one.values) for one in tables)
