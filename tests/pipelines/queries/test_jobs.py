"""What pages read of the engine: nothing fails because it is down, and an ended job says what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.engine.errors import EngineDown
from pipelines.engine.jobs import JobPage
from pipelines.queries import jobs as queries_jobs
from pipelines.queries.jobs import engine_answers, outcome, recent_jobs
from pipelines.settings import Settings, load_settings
from tests.pipelines.services.test_service_jobs import a_job

SAID = {"expected": "a", "found": "b", "action": "c"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"home": tmp_path}, environ={}).settings


def test_without_an_engine_there_are_no_jobs(settings: Settings) -> None:
    assert not engine_answers(settings)
    found = recent_jobs(settings, "tile")
    assert (found.answers, found.jobs, found.unfinished) == (False, (), ())


def test_an_engine_that_dies_meanwhile_is_none(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> JobPage:
        raise EngineDown(**SAID)

    monkeypatch.setattr(queries_jobs, "engine_answers", lambda _: True)
    monkeypatch.setattr(queries_jobs, "list_jobs", gone)
    assert not recent_jobs(settings, "tile").answers


def test_jobs_of_one_kind(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str | None, str | None]] = []

    def listed(_settings: Settings, *, part: str | None, kind: str | None, limit: int) -> JobPage:
        asked.append((part, kind))
        return JobPage(jobs=(a_job(state="running"), a_job(state="done"))[:limit], total=2)

    monkeypatch.setattr(queries_jobs, "engine_answers", lambda _: True)
    monkeypatch.setattr(queries_jobs, "list_jobs", listed)
    found = recent_jobs(settings, "tile", kind="train")
    assert asked == [("tile", "train")]
    assert [one.state for one in found.unfinished] == ["running"]


@pytest.mark.parametrize(
    ("state", "report", "refusal"),
    [
        ("done", {"model": 2}, None),
        ("failed", None, SAID),
        ("crashed", None, None),
        ("cancelled", None, None),
    ],
)
def test_what_an_ended_job_has_left(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    report: dict[str, int] | None,
    refusal: dict[str, str] | None,
) -> None:
    monkeypatch.setattr(queries_jobs, "job_report", lambda *_: {"model": 2})
    monkeypatch.setattr(queries_jobs, "job_refusal", lambda *_: SAID)
    found = outcome(settings, a_job(state=state))
    assert (found.report, found.refusal) == (report, refusal)
