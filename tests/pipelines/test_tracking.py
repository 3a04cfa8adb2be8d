"""Tracking against a real MLflow store: runs, curves, model versions, the alias, and a broken store."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import TrackingBroken
from pipelines.settings import load_settings
from pipelines.tracking import MlflowTracker, model_name, open_tracker
from pipelines.training.run_log import NoTracker

pytestmark = pytest.mark.filterwarnings("ignore")  # what mlflow's own imports warn of


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def tracker(home: Path) -> MlflowTracker:
    opened = open_tracker(load_settings({"home": home}, environ={}).settings)
    assert isinstance(opened, MlflowTracker)
    assert not (home / "mlflow").exists(), "opening a tracker must not make the store"
    return opened


@pytest.fixture(scope="module")
def client(tracker: MlflowTracker, home: Path) -> Any:
    with tracker.start_training_run("warm up", {}, {}):
        pass
    from mlflow import MlflowClient

    uri = f"sqlite:///{home}/mlflow/mlflow.db"
    return MlflowClient(uri, uri)


def test_a_run_keeps_params_curves_texts_and_pictures(
    tracker: MlflowTracker, client: Any, home: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "grid.png"
    picture.write_bytes(b"\x89PNG")
    params = {"seed": 7, "flow": {"steps": 250, "rate": 1e-3}, "long": "x" * 900}
    with tracker.start_training_run("tile ../α", params, {"recipe_sha256": "ab"}, name="first") as run:
        for step in range(250):
            run.log_metrics({"loss": 1.0 / (step + 1), "broken": float("nan")}, step)
        run.log_figure_png(picture)
        run.log_text("steps = 250\n", "recipe.toml")
        run.set_tags({"dataset_version": "3"})
    stored = client.get_run(run.run_id)
    assert stored.info.status == "FINISHED"
    assert stored.data.params == {"seed": "7", "flow.steps": "250", "flow.rate": "0.001", "long": "x" * 500}
    assert stored.data.tags["recipe_sha256"] == "ab"
    assert stored.data.tags["dataset_version"] == "3"
    curve = client.get_metric_history(run.run_id, "loss")
    assert [point.step for point in sorted(curve, key=lambda point: point.step)] == list(range(250))
    assert stored.data.metrics == {"loss": pytest.approx(1 / 250)}
    files = {path.name for path in (home / "mlflow" / "artifacts").rglob("*") if path.is_file()}
    assert files >= {"grid.png", "recipe.toml"}
    assert client.get_experiment(stored.info.experiment_id).name == "tile ../α"


@pytest.mark.parametrize(("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_run_that_breaks_off_says_so(
    tracker: MlflowTracker, client: Any, error: type[BaseException], status: str
) -> None:
    with pytest.raises(error), tracker.start_training_run("tile", {}, {}) as run:
        run.log_metrics({"loss": 1.0}, 1)
        raise error
    stored = client.get_run(run.run_id)
    assert stored.info.status == status
    assert stored.data.metrics == {"loss": 1.0}


def test_a_resumed_run_goes_on_in_the_same_curve(tracker: MlflowTracker, client: Any) -> None:
    with tracker.start_training_run("tile", {"seed": 1}, {}) as first:
        first.log_metrics({"loss": 2.0}, 1)
    with tracker.start_training_run("tile", {"seed": 1}, {}, resume_run_id=first.run_id) as second:
        second.log_metrics({"loss": 1.0}, 2)
    assert second.run_id == first.run_id
    assert {p.step: p.value for p in client.get_metric_history(first.run_id, "loss")} == {1: 2.0, 2: 1.0}
    with tracker.start_training_run("tile", {}, {}, resume_run_id="0" * 32) as third:
        pass
    assert third.run_id != "0" * 32


def test_model_versions_are_plain_folders_with_an_alias(
    tracker: MlflowTracker, client: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with tracker.start_training_run("a/b", {}, {}) as run:
        pass
    versions = [
        tracker.register_model("a/b", folder, run_id=run.run_id, tags={"weights_sha256": str(n)})
        for n in (1, 2)
    ]
    assert versions == [1, 2]
    tracker.set_champion("a/b", 2)
    champion = client.get_model_version_by_alias(model_name("a/b"), "champion")
    assert (int(champion.version), champion.source, champion.run_id) == (2, folder.as_uri(), run.run_id)
    assert champion.tags["weights_sha256"] == "2"


@pytest.mark.parametrize(
    ("part", "shape"), [("tile", "tile"), ("a/b", "a_b-"), ("a:b", "a_b-"), ("磁気タイル", "磁気タイル")]
)
def test_model_name(part: str, shape: str) -> None:
    assert model_name(part).startswith(shape)
    assert not set("/:") & set(model_name(part))


def test_model_names_of_different_parts_differ() -> None:
    assert len({model_name(part) for part in ("a/b", "a:b", "a_b")}) == 3


def broken_text(path: Path) -> None:
    path.write_text("this is no database\n" * 100)


def broken_page(path: Path) -> None:
    with sqlite3.connect(path) as store:
        store.execute("CREATE TABLE t (a TEXT)")
        store.executemany("INSERT INTO t VALUES (?)", [("x" * 400,)] * 200)
    store.close()
    data = bytearray(path.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    path.write_bytes(data)


@pytest.mark.parametrize("spoil", [broken_text, broken_page])
def test_a_broken_store_is_refused_before_training(tmp_path: Path, spoil: Any) -> None:
    store = tmp_path / "mlflow.db"
    spoil(store)
    before = store.read_bytes()
    assert_refused(store)
    assert store.read_bytes() == before


def test_a_store_of_a_newer_mlflow_is_refused(client: Any, home: Path, tmp_path: Path) -> None:
    store = tmp_path / "mlflow.db"
    with sqlite3.connect(home / "mlflow" / "mlflow.db") as source, sqlite3.connect(store) as target:
        source.backup(target)
        target.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    source.close()
    target.close()
    assert "ffffffffffff" in assert_refused(store).found


def assert_refused(store: Path) -> TrackingBroken:
    tracker = MlflowTracker(f"sqlite:///{store}", store.parent)
    with pytest.raises(TrackingBroken) as caught, tracker.start_training_run("tile", {}, {}):
        pass
    assert caught.value.exit_code == 7
    assert "tracking = false" in caught.value.action
    return caught.value


def test_a_busy_store_does_not_stop_a_training(
    tracker: MlflowTracker, client: Any, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tracker.start_training_run("tile", {}, {}) as run:
        run.log_metrics({"loss": 1.0}, 1)
        client.delete_run(run.run_id)  # MLflow refuses to write to a deleted run
    assert "1 figures of run" in caplog.text
    assert "did not take the end" in caplog.text


def test_without_tracking_nothing_is_written(tmp_path: Path) -> None:
    tracker = open_tracker(load_settings({"home": tmp_path, "tracking": False}, environ={}).settings)
    assert isinstance(tracker, NoTracker)
    with tracker.start_training_run("tile", {"a": 1}, {}) as run:
        run.log_params({"b": 1})
        run.log_metrics({"loss": 1.0}, 1)
        run.log_figure_png(tmp_path / "none.png")
        run.log_text("x", "x.txt")
        run.set_tags({"a": "b"})
        assert run.run_id is None
    assert tracker.register_model("tile", tmp_path, run_id=None, tags={}) is None
    tracker.set_champion("tile", None)
    assert list(tmp_path.iterdir()) == []


def test_a_store_whose_making_was_killed_is_made_again(tmp_path: Path) -> None:
    """Killed while the tables are made: what is left has another name, and the next one begins afresh."""
    home = load_settings({"home": tmp_path}, environ={}).settings
    tracker = open_tracker(home)
    assert isinstance(tracker, MlflowTracker)
    (tmp_path / "mlflow").mkdir()
    left = tmp_path / "mlflow" / "mlflow.db.making"
    with sqlite3.connect(left) as half:
        half.execute("CREATE TABLE experiments (id)")
    half.close()
    left.with_name(f"{left.name}-journal").write_bytes(b"of another age")
    with tracker.start_training_run("tile", {}, {}) as run:
        assert run.run_id
    assert [path.name for path in left.parent.iterdir() if "making" in path.name] == ["making.lock"]
