"""A job that cannot be done says what was expected, what was found and what to do, and its state is true."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data_registry.errors import Locked, NotFound, RegistryError
from data_registry.storage import BlobStore
from factory_gen.errors import FactoryGenError, GateNotPassed, InputRefused, NoDevice, UsageError
from pipelines.engine import jobs, work
from pipelines.engine.errors import EngineDown
from pipelines.progress import Silent
from pipelines.wiring import Workplace
from tests.data_registry.rows import dataset, model
from tests.pipelines.ingested import workplace
from tests.pipelines.trained_part import PART, ingest_plant, write_recipe

Refusal = FactoryGenError | RegistryError


class Told(Silent):
    """What the engine would be told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.refused: tuple[str, str, str] | None = None
        self.reported: Any = None

    def say(self, text: str, level: int = 20) -> None:
        self.lines.append(text)

    def report(self, facts: Any) -> None:
        self.reported = facts

    def refuse(self, expected: str, found: str, action: str) -> None:
        self.refused = (expected, found, action)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """An ingested part without a model."""
    folder = tmp_path_factory.mktemp("bad")
    with workplace(folder / "home") as opened:
        ingest_plant(opened, folder)
        yield opened


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "FIRST_WAIT_S", 0.0)


def refused(place: Workplace, kind: str, device: str = "cpu", **facts: Any) -> tuple[Refusal, Told]:
    """The refusal of a job; nothing was reported as done, and pages are told all three sentences."""
    told = Told()
    with pytest.raises((FactoryGenError, RegistryError)) as caught:
        work.work_on(
            kind,
            {"part": PART, **facts},
            settings=place.settings,
            device=device,
            progress=told,  # type: ignore[arg-type]
        )
    refusal = caught.value
    assert isinstance(refusal, FactoryGenError | RegistryError)
    assert told.reported is None
    assert told.refused == (refusal.expected, refusal.found, refusal.action)
    assert str(refusal) in told.lines
    return refusal, told


@pytest.mark.parametrize(
    ("kind", "facts", "error", "action"),
    [
        ("train", {"part": "unknown"}, NotFound, "Did you mean"),
        ("train", {"recipe": "huge"}, InputRefused, "check the path"),
        ("generate", {}, NotFound, "factory-gen train"),
        ("gate", {}, GateNotPassed, "factory-gen generate"),
        ("export", {"format": "mvtec", "out": "/nowhere/out"}, GateNotPassed, "factory-gen generate"),
        ("monitor", {}, NotFound, "factory-gen train"),
        ("retrain", {}, NotFound, "factory-gen train"),
    ],
)
def test_what_cannot_be_done(
    place: Workplace, kind: str, facts: dict[str, Any], error: type[Exception], action: str
) -> None:
    refusal, _ = refused(place, kind, **facts)
    assert isinstance(refusal, error)
    assert action in refusal.action


def test_a_moment_without_a_zone_is_refused_before_there_is_a_job(place: Workplace) -> None:
    with pytest.raises(UsageError, match="time zone"):
        jobs.submit(place.settings, "retrain", {"part": PART, "due_at": "2026-10-25T02:30:00"})


def test_an_engine_that_does_not_run(place: Workplace) -> None:
    with pytest.raises(EngineDown, match="factory-gen up"):
        jobs.submit(place.settings, "train", {"part": PART})
    with pytest.raises(EngineDown, match="factory-gen up"):
        jobs.list_jobs(place.settings)
    with pytest.raises(NotFound, match="unknown"):  # a part that is not there is told first
        jobs.submit(place.settings, "train", {"part": "unknown"})


def test_a_gpu_that_is_gone_is_waited_for_and_then_told(place: Workplace, tmp_path: Path) -> None:
    refusal, told = refused(place, "train", device="gpu0", recipe=str(write_recipe(tmp_path)))
    assert isinstance(refusal, NoDevice)
    assert "driver" in refusal.action
    assert sum("Trying again" in line for line in told.lines) == work.MOST_RETRIES


def test_a_full_disk(place: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from factory_gen.images.demo_plant import draw_plant

    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    draw_plant(tmp_path / "more", good=3, defective=0, side=96, seed=9)
    monkeypatch.setattr(BlobStore, "_name", full)
    refusal, _ = refused(place, "ingest", part="full", source=str(tmp_path / "more"))
    assert refusal.exit_code == 8
    assert "Free some space" in refusal.action
    monkeypatch.undo()
    monkeypatch.setattr(work, "FIRST_WAIT_S", 0.0)
    told = Told()
    work.work_on(
        "ingest",
        {"part": "full", "source": str(tmp_path / "more")},
        settings=place.settings,
        device="cpu",
        progress=told,  # type: ignore[arg-type]
    )
    assert told.reported["added"] == 3


def test_two_retrainings_at_once_and_an_empty_hold_out(place: Workplace) -> None:
    with place.registry.write() as rows:
        bare = rows.parts.add("bare", source_root="x")
        made = model(rows, bare, dataset(rows, bare))
        rows.models.set_alias(bare.id, "champion", made.id)
        rows.leases.take(f"retrain/{bare.id}", holder="elsewhere:1:1", seconds=600)
    refusal, told = refused(place, "retrain", part="bare")
    assert isinstance(refusal, Locked)
    assert "elsewhere" in refusal.found
    assert sum("Trying again" in line for line in told.lines) == work.MOST_RETRIES
    with place.registry.write() as rows:
        rows.leases.give_back(f"retrain/{bare.id}", holder="elsewhere:1:1")
    refusal, _ = refused(place, "retrain", part="bare")
    assert isinstance(refusal, InputRefused)
    assert "hold-out" in refusal.found
    with place.registry.read() as rows:
        assert [run.state for run in rows.retraining.runs(bare.id)] == ["failed"]
