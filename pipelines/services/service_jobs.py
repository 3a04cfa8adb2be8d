"""Checked calls of the job engine: what a page may order, and end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from data_registry.errors import NotFound
from pipelines.services.access import require
from pipelines.services.calls import Calls, checked

if TYPE_CHECKING:
    from pipelines.engine.job import Job
    from pipelines.engine.jobs import Submitted


class JobCalls(Calls):
    """Order a job of the engine, or end one.

    Each `submit_...` raises UsageError for an option that the job does not know, and EngineDown when nobody answers.
    """

    @checked("ingest")
    def submit_ingest(self, *, part: str, wishes: Mapping[str, Any]) -> Submitted:
        """Queue an ingest; an equal one that waits, runs or is done is returned."""
        return self._submit("ingest", part, wishes)

    @checked("generate")
    def submit_generate(self, *, part: str, wishes: Mapping[str, Any]) -> Submitted:
        """Queue a batch; an equal one that waits, runs or is done is returned."""
        return self._submit("generate", part, wishes)

    @checked("gate")
    def submit_gate(self, *, part: str, wishes: Mapping[str, Any]) -> Submitted:
        """Queue a gate; an equal one that waits or runs is returned."""
        return self._submit("gate", part, wishes, again=True)

    @checked("train")
    def submit_train(self, *, part: str, wishes: Mapping[str, Any]) -> Submitted:
        """Queue a training or a fine-tuning; an equal one that waits or runs is returned."""
        return self._submit("train", part, wishes, again=True)

    @checked("train")
    def submit_retrain(self, *, part: str, wishes: Mapping[str, Any]) -> Submitted:
        """Queue a retraining: a challenger, judged, promoted only if it helps."""
        return self._submit("retrain", part, {"started_by": self.actor.name, **wishes}, again=True)

    @checked("export")
    def submit_export(self, *, part: str, wishes: Mapping[str, Any]) -> Submitted:
        """Queue an export; a reason to go against the gate is for those who may confirm one.

        Raises:
            NotPermitted: `override` is given by somebody who may only ask for it.
        """
        if wishes.get("override"):
            require(self.actor, "confirm override", part)
        return self._submit("export", part, wishes, again=True)

    @checked("cancel")
    def cancel_job(self, *, part: str, job_id: str, wait_s: float = 5.0) -> Job:
        """End a job of a part; what it has stored stays, and the same request goes on from there.

        Args:
            part: whose job it is.
            job_id: its number.
            wait_s: how long to wait until its process is gone; after that it is still "cancelling".

        Raises:
            NotFound: the part has no such job.
            EngineDown: the engine does not answer.
        """
        from pipelines.engine import jobs

        if jobs.job(self.work.settings, job_id).part != part:
            raise NotFound(
                expected=f"a job of {part}", found=repr(job_id), action="Look at the list of its jobs."
            )
        ended = jobs.cancel(self.work.settings, job_id, wait_s=wait_s)
        self._note(f"cancel {ended.kind}", part, job=ended.id)
        return ended

    def _submit(self, kind: str, part: str, wishes: Mapping[str, Any], *, again: bool = False) -> Submitted:
        """Queue a job; with `again`, also one whose equal is done: a person who has seen that asks for it."""
        from pipelines.engine.jobs import submit

        sent = submit(self.work.settings, kind, {"part": part, **wishes}, again=again)
        if sent.new:
            self._note(f"submit {kind}", part, job=sent.job.id)
        return sent
