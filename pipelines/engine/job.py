"""A job as pages and commands see it, read from what the engine says about a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# the engine's word for a state -> ours
STATES = {
    "SCHEDULED": "queued",
    "PAUSED": "queued",
    "PENDING": "starting",
    "RUNNING": "running",
    "CANCELLING": "cancelling",
    "COMPLETED": "done",
    "FAILED": "failed",
    "CRASHED": "crashed",
    "CANCELLED": "cancelled",
}
ENDED = frozenset({"done", "failed", "crashed", "cancelled"})
MARK = "factory-gen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a running job is.

    Attributes:
        stage: what it does now.
        share: of the stage, in [0,1]; None when its amount is unknown.
        left_s: seconds left of the stage, from its pace so far; None when unknown.
        text: such as `120 of 400 pictures`.
        figures: what the job shows beside it, such as the loss.
        host, pid, boot: the machine, the process and the start of the machine that it runs in.
        device: what it computes on.
    """

    stage: str = ""
    share: float | None = None
    left_s: float | None = None
    text: str = ""
    figures: Mapping[str, Any]
    host: str = ""
    pid: int = 0
    boot: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job.

    Attributes:
        id: the engine's number for it.
        kind: ingest, train, generate, ...
        part: the part's name.
        state: queued, starting, running, cancelling, done, failed, crashed or cancelled.
        request: what was asked.
        message: why it is in this state; empty when there is nothing to say.
        created_at, started_at, ended_at: None when that has not happened.
        standing: how far it is; None before it has said so.
    """

    id: str
    kind: str
    part: str
    state: str
    request: Mapping[str, Any]
    message: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    standing: Standing | None = None

    @property
    def ended(self) -> bool:
        """Whether its state is a last one."""
        return self.state in ENDED


def read_job(run: Mapping[str, Any], standing: Mapping[str, Any] | None = None) -> Job:
    """A job from the engine's JSON of a flow run, and from the data of its progress artifact."""
    tags = dict(tag.split(":", 1) for tag in run["tags"] if ":" in tag)
    state = run["state"] or {"type": "SCHEDULED", "message": ""}
    return Job(
        id=run["id"],
        kind=tags.get("kind", run["name"]),
        part=tags.get("part", ""),
        state=STATES[state["type"]],
        request=run["parameters"].get("request", {}),
        message=state.get("message") or "",
        created_at=datetime.fromisoformat(run["created"]),
        started_at=_moment(run["start_time"]),
        ended_at=_moment(run["end_time"]),
        standing=Standing(**standing) if standing else None,
    )


def tags_of(kind: str, part: str, key: str) -> list[str]:
    """The tags by which a run is found again."""
    return [MARK, f"kind:{kind}", f"part:{part}", f"key:{key}"]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
