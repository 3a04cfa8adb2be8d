"""A training that is broken off behind its last write: one model, one version in MLflow, for one asking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from factory_gen.images.demo_plant import draw_plant
from pipelines import ingest, train
from pipelines.kill_study.plant import DEFECTIVE, GOOD, PART, RECIPE, SIDE
from pipelines.train import TrainReport
from pipelines.training import train_store
from pipelines.training.tracking_aliases import champion_model, models_in_tracking
from pipelines.wiring import Workplace
from tests.pipelines.ingested import workplace

pytestmark = pytest.mark.filterwarnings("ignore")  # what mlflow's own imports warn of


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    folder = tmp_path_factory.mktemp("stored")
    (folder / "recipe.toml").write_text(RECIPE)
    draw_plant(folder / "plant", good=GOOD, defective=DEFECTIVE, side=SIDE)
    with workplace(folder) as opened:
        ingest.run(opened, folder / "plant", PART)
        yield opened


def trained(work: Workplace, token: str) -> TrainReport:
    recipe = str(work.settings.home / "recipe.toml")
    return train.run(work, PART, recipe=recipe, resume=True, token=token)


def models(work: Workplace) -> list[int]:
    with work.registry.read() as rows:
        return [model.number for model in rows.models.list(rows.parts.get(PART).id)]


def left(work: Workplace) -> list[Path]:
    return sorted(path for path in (work.settings.models_dir / "training").rglob("*") if path.is_file())


def test_broken_off_between_the_row_and_its_end(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for place, known in (("show_in_tracking", []), ("close_training", [1])):
        with monkeypatch.context() as patch:
            patch.setattr(train, place, stop)
            with pytest.raises(KeyboardInterrupt):
                trained(work, "first asking")
        assert (models(work), models_in_tracking(work.settings, PART)) == ([1], known)
    ended = trained(work, "first asking")
    assert (ended.model, ended.champion, ended.measured_on) == (1, True, "hold-out")
    assert set(ended.stages) >= {"autoencoder", "prior", "flow"}
    assert champion_model(work.settings, PART) == 1
    again = trained(work, "first asking")  # killed before it could say that it was done
    assert (again.model, again.figures, again.stages) == (1, ended.figures, ended.stages)
    assert (models(work), models_in_tracking(work.settings, PART)) == ([1], [1])
    assert [path.name for path in left(work)] == [train_store.NOTE]


def test_another_asking_is_another_model(work: Workplace) -> None:
    before = max(models(work), default=0)
    assert trained(work, "second asking").model == before + 1
    assert trained(work, "second asking").model == before + 1
    assert models_in_tracking(work.settings, PART) == models(work) == list(range(1, before + 2))
    assert [path.name for path in left(work)] == [train_store.NOTE]
