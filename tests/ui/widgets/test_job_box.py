"""The jobs of a part on its pages: waiting, running, ended in each way, ended by a person, and no engine at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.engine import jobs as engine_jobs
from pipelines.engine.job import STATES, Job, Standing
from pipelines.queries.jobs import Outcome, PartJobs
from tests.pipelines.drawn_part import draw_part, workplace
from tests.ui.test_app import a_home
from ui.language.words import use_language
from ui.widgets import job_box
from ui.widgets.job_words import KINDS, MARKS, outcome_words, stage_words, time_left
from ui.widgets.job_words import STATES as STATE_WORDS

Draw = Callable[..., AppTest]
REPORTS: Mapping[str, Mapping[str, Any]] = {
    "ingest": {"added": 12, "refused_by_reason": {"too small": 2}},
    "train": {"model": 2, "seconds": 600.0, "champion": False},
    "generate": {"kept": 60, "asked": 64, "model": 2, "request": "f" * 64},
    "gate": {"version": 3, "verdict": "helps", "lift": 0.05},
    "export": {"images": 60, "dataset_version": 3, "out": "/plant/out"},
    "retrain": {"outcome": "kept", "champion": 1, "challenger": 2},
}


def a_job(
    kind: str = "train", state: str = "running", standing: Standing | None = None, **changes: Any
) -> Job:
    now = datetime.now(UTC)
    facts: dict[str, Any] = {
        "id": f"{kind}-{state}",
        "kind": kind,
        "part": "tile",
        "state": state,
        "request": {},
        "message": "Its process 7 has ended without a word.",
        "created_at": now - timedelta(minutes=9),
        "started_at": None,
        "ended_at": now if state in ("done", "failed", "crashed", "cancelled") else None,
        "standing": standing,
    }
    return Job(**facts | changes)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that the engine has; a test changes the list."""
    known: list[Job] = []

    def recent(_settings: object, _part: str, *, kind: str | None = None) -> PartJobs:
        return PartJobs(answers=True, jobs=tuple(one for one in known if kind in (None, one.kind)))

    def left(_settings: object, found: Job) -> Outcome:
        if found.state == "done":
            return Outcome(report=REPORTS[found.kind], refusal=None)
        return Outcome(
            report=None, refusal={"expected": "free space", "found": "a full disk", "action": "Free some."}
        )

    monkeypatch.setattr(job_box, "engine_answers", lambda _settings: True)
    monkeypatch.setattr(job_box, "recent_jobs", recent)
    monkeypatch.setattr(job_box, "outcome", left)
    return known


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with workplace(tmp_path) as work:
        draw_part(work, samples=2)
    return tmp_path


def texts(app: AppTest) -> str:
    return " ".join(str(one.value) for one in [*app.markdown, *app.caption, *app.text])


def test_a_running_job_shows_how_far_it_is(draw: Draw, home: Path, engine: list[Job]) -> None:
    engine.append(a_job(standing=Standing(stage="flow", share=0.25, left_s=600.0, text="25%", figures={})))
    app = draw("home", home)
    assert not app.exception
    assert "**Training** · running" in texts(app)
    assert "This step: about 10 min left" in texts(app)
    assert app.button(key="cancel-train-running").label == "Cancel"


@pytest.mark.parametrize("state", ["queued", "starting", "cancelling"])
def test_a_job_that_has_not_begun_says_what_it_waits_for(
    draw: Draw, home: Path, engine: list[Job], state: str
) -> None:
    engine.append(a_job(state=state))
    app = draw("home", home)
    assert not app.exception
    assert STATE_WORDS[state] in texts(app)
    assert [one.label for one in app.button if one.label == "Cancel"] == ["Cancel"] * (state != "cancelling")


def test_a_job_is_ended_with_its_button(
    draw: Draw, home: Path, engine: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.append(a_job())
    ended: list[str] = []

    def cancel(_settings: object, job_id: str, *, wait_s: float) -> Job:
        ended.append(job_id)
        engine[0] = a_job(state="cancelled")
        return engine[0]

    monkeypatch.setattr(engine_jobs, "job", lambda _settings, _id: engine[0])
    monkeypatch.setattr(engine_jobs, "cancel", cancel)
    app = draw("training", home)
    app.button(key="cancel-train-running").click().run()
    assert not app.exception
    assert ended == ["train-running"]
    assert "The same order goes on from there." in texts(app)


@pytest.mark.parametrize(
    ("page", "kind", "word"),
    [
        ("training", "train", "Model 2 is ready after 10 min. It is a challenger"),
        ("generate", "generate", "60 of 64 are stored, by model 2."),
        ("gate", "gate", "Version 3: ✓ helps, lift +0.050."),
        ("datasets", "export", "60 samples of version 3 are in /plant/out."),
        ("monitor", "retrain", "Model 1 stays champion"),
    ],
)
def test_each_page_shows_what_came_of_its_job(
    draw: Draw, home: Path, engine: list[Job], page: str, kind: str, word: str
) -> None:
    engine.append(a_job(kind, "done"))
    app = draw(page, home)
    assert not app.exception
    assert word in texts(app)


def test_a_failed_job_says_why_and_is_an_alarm(draw: Draw, home: Path, engine: list[Job]) -> None:
    engine += [a_job("gate", "failed"), a_job("train", "crashed"), a_job("train", "done")]
    page = draw("gate", home)
    assert not page.exception
    assert "a full disk" in texts(page) and "Free some." in texts(page)
    app = draw("home", home)
    assert not app.exception
    assert "The last job of this kind failed: Gate." in texts(app)
    assert "The last job of this kind failed: Training." in texts(app)


@pytest.mark.parametrize("page", ["training", "gate", "datasets", "monitor", "generate"])
@pytest.mark.parametrize(("language", "word"), [("en", "factory-gen up"), ("ja", "ジョブエンジン")])
def test_without_an_engine_each_page_says_how_to_start_it(
    draw: Draw, home: Path, page: str, language: str, word: str
) -> None:
    app = draw(page, home, language=language)
    assert not app.exception
    assert word in texts(app)
    orders = {"Start the training", "Start the gate", "Export", "Retrain now"}
    assert all(one.disabled for one in app.button if one.label in orders)


def test_an_empty_registry_has_no_jobs(draw: Draw, tmp_path: Path, engine: list[Job]) -> None:
    engine.append(a_job())
    app = draw("home", a_home(tmp_path))
    assert not app.exception
    assert "Training" not in [one.label for one in app.button]


def test_there_are_words_for_everything() -> None:
    use_language("en")
    assert set(STATE_WORDS) == set(MARKS) == set(STATES.values())
    assert all(outcome_words(kind, report) for kind, report in REPORTS.items())
    assert outcome_words("bench", {}) == ""
    promoted = outcome_words("retrain", {"outcome": "promoted", "champion": 2, "challenger": 2})
    assert promoted == "Model 2 was promoted."
    assert "champion" in outcome_words("train", {"model": 1, "seconds": 60, "champion": True})
    assert stage_words("something new") == "something new"
    assert [time_left(one) for one in (30, 600, 7200)] == [
        "about 30 s left",
        "about 10 min left",
        "about 2 h left",
    ]
    assert set(REPORTS) <= set(KINDS)
