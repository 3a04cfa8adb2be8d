"""Ordering and ending jobs in somebody's name, against an engine that is played by a few functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data_registry.errors import NotFound
from pipelines.engine import jobs
from pipelines.engine.errors import EngineDown
from pipelines.engine.job import Job
from pipelines.engine.jobs import Submitted
from pipelines.errors import NotPermitted
from pipelines.services.access import ADMIN, ENGINEER, OPEN, Actor
from pipelines.services.service import Service
from pipelines.wiring import Workplace
from tests.pipelines.drawn_part import draw_part, workplace


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workplace]:
    with workplace(tmp_path) as opened:
        draw_part(opened, samples=0)
        yield opened


def service(work: Workplace, role: str = ENGINEER) -> Service:
    return Service(work, Actor(name="Sato", role=role))


def a_job(**changes: Any) -> Job:
    plain = Job(
        id="0687ab12",
        kind="train",
        part="tile",
        state="queued",
        request={},
        message="",
        created_at=datetime.now(UTC),
        started_at=None,
        ended_at=None,
    )
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("call", "kind", "again"),
    [
        ("submit_ingest", "ingest", False),
        ("submit_generate", "generate", False),
        ("submit_train", "train", True),
        ("submit_gate", "gate", True),
        ("submit_retrain", "retrain", True),
        ("submit_export", "export", True),
    ],
)
def test_a_job_is_ordered_and_noted(
    work: Workplace, monkeypatch: pytest.MonkeyPatch, call: str, kind: str, again: bool
) -> None:
    asked: list[tuple[str, Mapping[str, Any], bool]] = []

    def submit(_settings: object, kind: str, facts: Mapping[str, Any], *, again: bool = False) -> Submitted:
        asked.append((kind, facts, again))
        return Submitted(job=a_job(kind=kind), new=True)

    monkeypatch.setattr(jobs, "submit", submit)
    assert getattr(service(work), call)(part="tile", wishes={}).new
    assert [(one[0], one[1]["part"], one[2]) for one in asked] == [(kind, "tile", again)]
    with work.registry.read() as rows:
        assert [(one.actor, one.action) for one in rows.audit.recent(1)] == [("Sato", f"submit {kind}")]


def test_without_an_engine_an_order_is_refused_with_a_next_step(work: Workplace) -> None:
    with pytest.raises(EngineDown, match="factory-gen up"):
        service(work).submit_train(part="tile", wishes={})


def test_a_reason_against_the_gate_is_not_one_persons_decision(work: Workplace) -> None:
    wishes = {"format": "coco", "out": "x", "override": "the customer waits for it"}
    with pytest.raises(NotPermitted, match="confirm override"):
        service(work).submit_export(part="tile", wishes=wishes)
    with pytest.raises(EngineDown):
        service(work, OPEN).submit_export(part="tile", wishes=wishes)
    with pytest.raises(NotPermitted):
        service(work, ADMIN).submit_export(part="tile", wishes=wishes)


def test_a_job_is_ended_only_through_its_own_part(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    def cancel(_settings: object, job_id: str, *, wait_s: float) -> Job:
        ended.append(job_id)
        return a_job(state="cancelled")

    monkeypatch.setattr(jobs, "job", lambda _settings, _id: a_job())
    monkeypatch.setattr(jobs, "cancel", cancel)
    with pytest.raises(NotFound):
        service(work).cancel_job(part="bolt", job_id="0687ab12")
    assert ended == []
    assert service(work).cancel_job(part="tile", job_id="0687ab12").state == "cancelled"
    with work.registry.read() as rows:
        assert rows.audit.recent(1)[0].action == "cancel train"
