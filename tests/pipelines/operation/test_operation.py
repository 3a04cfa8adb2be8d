"""A plant's loop on one small trained part: monitor, watch, retrain, promote, roll back, delete."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from data_registry.errors import Locked, NotFound
from data_registry.records import PartRecord
from data_registry.watch_records import KEPT, PROMOTED
from factory_gen.errors import InputRefused, UsageError
from factory_gen.images.demo_plant import draw_plant
from factory_gen.images.files import encode_png, read_picture
from pipelines import delete_part, monitor, retrain, verify, watch
from pipelines.lease_holder import held
from pipelines.operation import promotion
from pipelines.operation.monitor_pictures import choose_source, read_day
from pipelines.operation.retrain_steps import Judged, RetrainOptions, check_hold_out, decide, to_toml
from pipelines.progress import Silent
from pipelines.recipe import load_recipe
from pipelines.settings import load_settings
from pipelines.training.tracking_aliases import champion_model
from pipelines.wiring import Workplace, open_workplace
from tests.pipelines.ingested import Interrupt
from tests.pipelines.trained_part import PART, ingest_plant, train_part, write_recipe

WINDOW = 12
FAST = RetrainOptions(count=6, settings="tiny", inspector="linear", seeds=2, shares="all")


def workplace_at(home: Path) -> Any:
    return open_workplace(load_settings({"home": home, "threads": 1, "device": "cpu"}, environ={}).settings)


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a trained part, made once and copied for every test that writes."""
    folder = tmp_path_factory.mktemp("operated")
    with workplace_at(folder / "home") as work:
        ingest_plant(work, folder, good=60, defective=24)
        train_part(work, folder)
    return folder


@pytest.fixture
def work(operated: Path, tmp_path: Path) -> Iterator[Workplace]:
    shutil.copytree(operated / "home", tmp_path / "home")
    with workplace_at(tmp_path / "home") as place:
        yield place


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good pictures of the same plant that nobody has seen, two windows of them."""
    folder = tmp_path_factory.mktemp("fresh")
    draw_plant(folder / "plant", seed=8, good=2 * WINDOW, defective=0, side=96)
    (folder / "good").mkdir()
    for path in (folder / "plant").rglob("*.png"):
        path.rename(folder / "good" / path.name)
    return folder / "good"


def changed(pictures: Path, folder: Path, change: Callable[[np.ndarray], np.ndarray]) -> Path:
    """The same pictures after something has happened in the plant."""
    folder.mkdir()
    for path in sorted(pictures.rglob("*.png")):
        pixels = read_picture(path.read_bytes(), path.name).pixels
        (folder / path.name).write_bytes(encode_png(change(pixels)))
    return folder


def owner(work: Workplace) -> PartRecord:
    with work.registry.read() as rows:
        return rows.parts.get(PART)


def test_pictures_of_the_same_plant_raise_no_alarm_and_a_blur_does_and_is_named(
    work: Workplace, fresh: Path, tmp_path: Path
) -> None:
    calm = monitor.run(work, PART, folder=fresh, window=WINDOW)
    assert (calm.alarm, len(calm.windows), calm.waiting, calm.window_size) == (False, 2, 0, WINDOW)
    assert calm.false_alarms_per_year <= 1.0
    soft = changed(fresh, tmp_path / "soft", lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 2.0))
    (soft / "broken.png").write_bytes(b"no picture")
    found = monitor.run(work, PART, folder=soft, window=WINDOW)
    assert found.alarm
    assert "sharpness" in found.windows[-1].alarm
    assert len(found.windows[-1].unusual["sharpness"]) == 5
    assert sum(found.refused.values()) == 1
    assert "retrain" in found.next_step
    again = monitor.run(work, PART, folder=soft, window=WINDOW)
    assert all(line.stored_before for line in again.windows)
    assert [line.alarm for line in again.windows] == [line.alarm for line in found.windows]
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
        assert len(rows.monitoring.recent(part.id)) == 4
        assert {name for one in rows.monitoring.alarms(part.id) for name in one.indicators} >= {"sharpness"}


def test_a_monitor_that_cannot_say_anything_says_why(work: Workplace, fresh: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, word in ((tmp_path / "none", "no folder"), (tmp_path / "empty", "none in")):
        with pytest.raises(InputRefused, match=word):
            monitor.run(work, PART, folder=folder)
    with pytest.raises(InputRefused, match="windows of 21"):
        monitor.run(work, PART, folder=fresh, window=21)
    few = tmp_path / "few"
    few.mkdir()
    shutil.copy(next(fresh.rglob("*.png")), few)
    with pytest.raises(InputRefused, match="found 1 new"):
        monitor.run(work, PART, folder=few, window=WINDOW)
    with pytest.raises(InputRefused, match="since the champion"):
        monitor.run(work, PART, window=WINDOW)
    with pytest.raises(NotFound, match="ring"):
        monitor.run(work, "rind")
    with work.registry.write() as rows:
        rows.parts.add("untrained", source_root="x")
    with pytest.raises(NotFound, match="factory-gen train"):
        monitor.run(work, "untrained")


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2999-01-01"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_day(text)


def test_a_folder_and_a_day_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="both"):
        choose_source(tmp_path, "2026-01-01")
    assert choose_source(None, "2026-01-01T00:00+09:00").since == read_day("2025-12-31T15:00")


def test_watched_pictures_are_taken_once_and_judged(work: Workplace, fresh: Path, tmp_path: Path) -> None:
    dropped = changed(fresh, tmp_path / "drop", lambda pixels: pixels)
    (dropped / "copy.png").write_bytes(next(dropped.glob("*.png")).read_bytes())
    before = {path.name: path.read_bytes() for path in dropped.iterdir()}

    def look(settled_s: float = 0.0) -> watch.WatchReport:
        return watch.look(work, dropped, PART, WINDOW, Silent(), settled_s)

    assert (look(3600.0).taken, look(3600.0).unfinished) == (0, 2 * WINDOW + 1)
    first, second = look(), look()
    assert (first.taken, first.known, first.dataset_version) == (2 * WINDOW, 1, 2)
    assert (second.taken, second.known, second.dataset_version) == (0, 2 * WINDOW + 1, None)
    assert not first.alarm
    assert {path.name: path.read_bytes() for path in dropped.iterdir()} == before
    assert verify.run(work).ok
    with pytest.raises(InputRefused, match="no folder"):
        next(watch.looks(work, tmp_path / "none", PART, hold=lambda part: held(work.registry, part)))


def test_a_retraining_ends_in_one_state_and_a_stopped_one_goes_on(work: Workplace, tmp_path: Path) -> None:
    """Broken off in the training and again in the gate: one challenger, one set of samples each, one decision."""
    how = replace(FAST, recipe=str(write_recipe(tmp_path)))

    def stop() -> None:
        raise KeyboardInterrupt

    for moment in ("finish measuring", "finish gate"):
        with pytest.raises(KeyboardInterrupt):
            retrain.run(work, PART, options=how, token="asked once", progress=Interrupt(moment, stop))
    report = retrain.run(work, PART)
    assert report.resumed
    again = retrain.run(
        work, PART, token="asked once"
    )  # as after a kill before it could say that it was done
    assert (again.retraining, again.outcome, again.resumed) == (report.retraining, report.outcome, True)
    assert report.outcome in (PROMOTED, KEPT)
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
        models = rows.models.list(part.id)
        (run,) = rows.retraining.runs(part.id)
        drawn = [count.n for count in rows.samples.counts(part.id)]
        assert rows.leases.of(f"retrain/{part.id}") is None
    assert [model.parent_id for model in models] == [None, models[0].id]
    assert (run.state, run.progress["challenger"]) == (report.outcome, 2)
    assert sum(drawn) <= 2 * how.count
    assert report.champion == (2 if report.outcome == PROMOTED else 1)
    assert verify.run(work).ok


def test_two_retrainings_at_once_are_one_too_many(work: Workplace) -> None:
    with work.registry.write() as rows:
        rows.leases.take(f"retrain/{owner(work).id}", holder="elsewhere:1:1", seconds=60)
    with pytest.raises(Locked, match="elsewhere"):
        retrain.run(work, PART, options=FAST)
    with work.registry.read() as rows:
        assert rows.retraining.runs(owner(work).id) == []


def test_an_empty_hold_out_ends_a_retraining_before_it_trains(work: Workplace) -> None:
    with work.registry.write() as rows:
        bare = rows.parts.add("bare", source_root="x")
    with pytest.raises(InputRefused, match="0 good pictures and 0 masked defects"):
        check_hold_out(work, bare)
    with pytest.raises(NotFound, match="factory-gen train"):
        retrain.run(work, "bare")


@pytest.mark.parametrize(
    ("challenger", "champion", "passes", "word"),
    [
        (
            Judged("helps", 0.05, 0.01, 0.09),
            Judged("not proven", 0.02, -0.01, 0.05),
            True,
            "at least as much",
        ),
        (Judged("helps", 0.05, 0.01, 0.09), Judged("helps", 0.05, 0.01, 0.09), True, "at least as much"),
        (Judged("helps", 0.04, 0.01, 0.09), Judged("helps", 0.05, 0.01, 0.09), False, "less than"),
        (Judged("not proven", 0.09, -0.01, 0.2), Judged("harms", -0.1, -0.2, -0.01), False, "not proven"),
        (Judged("harms", -0.1, -0.2, -0.01), Judged("harms", -0.2, -0.3, -0.1), False, "do harm"),
    ],
)
def test_the_challenger_passes_only_if_it_helps_at_least_as_much(
    challenger: Judged, champion: Judged, passes: bool, word: str
) -> None:
    found, reason = decide(champion, challenger)
    assert found is passes
    assert word in reason


def test_promotion_and_rollback_move_both_aliases(work: Workplace, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="only champion"):
        promotion.rollback(work, PART, actor="ann")
    second = train_part(work, tmp_path, seed=1)
    part = owner(work)
    with work.registry.read() as rows:
        model = rows.models.get(part.id, second.model)
    promotion.promote(work, part, model, actor="ann", why="passes")
    assert (_champion(work), champion_model(work.settings, PART)) == (2, 2)
    report = promotion.rollback(work, PART, actor="ben")
    assert (report.champion, report.rollback) == (1, 2)
    assert (_champion(work), champion_model(work.settings, PART)) == (1, 1)
    with work.registry.write() as rows:  # as after a kill between the two stores
        rows.models.set_alias(part.id, "champion", model.id)
    assert promotion.agree(work, part)
    assert champion_model(work.settings, PART) == 2
    assert not promotion.agree(work, part)
    with work.registry.read() as rows:
        assert [event.actor for event in rows.audit.of(f"part {PART}")] == ["ann", "ben"]


def _champion(work: Workplace) -> int:
    with work.registry.read() as rows:
        return rows.models.get(owner(work).id, "champion").number


def test_a_champions_recipe_comes_back_from_the_registry(work: Workplace, tmp_path: Path) -> None:
    with work.registry.read() as rows:
        model = rows.models.get(owner(work).id)
    path = tmp_path / "again.toml"
    path.write_text(to_toml(model.recipe))
    assert load_recipe(str(path)).sha256 == model.recipe_sha256


def test_a_part_is_listed_then_destroyed_and_the_rest_is_sound(
    work: Workplace, operated: Path, tmp_path: Path
) -> None:
    with work.registry.write() as rows:  # another part that shares a picture
        other = rows.parts.add("other", source_root="x")
        shared = next(iter(rows.images.stream(owner(work).id, kind="good")))
        rows.parts.set_allowed_region(other.id, shared.sha256)
    listed = delete_part.run(work, PART, actor="ann")
    assert not listed.destroyed
    assert listed.rows["source_images"] >= 60
    assert any("part1-model1" in folder for folder in listed.folders)
    assert "--yes" in listed.next_step
    assert verify.run(work).ok
    gone = delete_part.run(work, PART, actor="ann", sure=True)
    assert gone.destroyed
    assert gone.blobs == listed.blobs - 1
    assert gone.mlflow_runs == 1
    assert not any(Path(folder).exists() for folder in listed.folders)
    report = verify.run(work)
    assert report.ok
    assert report.counts.orphans == 0
    assert work.blobs.exists(shared.sha256)
    with work.registry.read() as rows:
        assert [event.action for event in rows.audit.of(f"part {PART}")] == ["delete part", "part is gone"]
    with pytest.raises(NotFound):
        delete_part.run(work, PART, actor="ann")
    ingest_plant(work, tmp_path)  # the name is free again
    assert train_part(work, tmp_path).champion


def test_a_deletion_that_was_killed_after_its_rows_goes_on(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(settings: object, part: str) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(delete_part.tracking_aliases, "forget", killed)
        with pytest.raises(KeyboardInterrupt):
            delete_part.run(work, PART, actor="ann", sure=True)
    assert verify.run(work).ok
    assert delete_part.run(work, PART, actor="ann", sure=True).destroyed
    assert verify.run(work).counts.orphans == 0
