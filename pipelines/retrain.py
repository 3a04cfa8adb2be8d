"""`retrain`: a challenger is fine-tuned from the champion, judged on the same hold-out, and promoted only if it passes.

Each step notes what it gave, so a killed retraining goes on where it was. A lease in the registry keeps a second one
away, on this box or another.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from data_registry.errors import BadRecord, NotFound
from data_registry.records import ModelVersionRecord, PartRecord
from data_registry.session import Work
from data_registry.watch_records import FAILED, KEPT, PROMOTED, RetrainRunRecord
from factory_gen.errors import InputRefused, UsageError
from pipelines import ingest
from pipelines.lease_holder import held
from pipelines.operation.promotion import CHAMPION, agree, promote
from pipelines.operation.retrain_steps import (
    Judged,
    RetrainOptions,
    check_hold_out,
    decide,
    drawn,
    judged,
    trained,
)
from pipelines.progress import Progress, Silent
from pipelines.wiring import Workplace

BY_HAND = "by hand"
# What the user must change before it can work: the retraining ends. All else (disk full, killed, locked) goes on later.
_HOPELESS = (InputRefused, UsageError, NotFound, BadRecord)


@dataclass(frozen=True, kw_only=True)
class RetrainReport:
    """What came of a retraining.

    Attributes:
        part: name.
        retraining: its number in the registry.
        cause: what started it.
        outcome: "promoted" or "kept".
        reason: why.
        champion: model that counts now.
        challenger: the new model.
        data: catalogue version that it was trained on.
        resumed: whether it went on with one that was stopped.
        seconds: of this call.
        next_step: what to do.
    """

    part: str
    retraining: int
    cause: str
    outcome: str
    reason: str
    champion: int
    challenger: int
    data: int
    resumed: bool
    seconds: float
    next_step: str


def run(
    work: Workplace,
    part: str,
    *,
    data: Path | None = None,
    options: RetrainOptions | None = None,
    cause: str = BY_HAND,
    due_at: datetime | None = None,
    started_by: str = "command line",
    token: str = "",
    progress: Progress | None = None,
) -> RetrainReport:
    """Retrain a part, or go on with a retraining that was stopped (which keeps its own options and cause).

    Args:
        work: where things are.
        part: name of the part.
        data: folder or zip to ingest first; None uses the catalogue as it is.
        options: how.
        cause: what started it.
        due_at: the moment of the calendar that it answers.
        started_by: who or what.
        token: of the request; a retraining that it has led to already is reported instead of a second one.
        progress: told what goes on.

    Raises:
        NotFound: no such part, or no champion yet.
        InputRefused: an empty hold-out, or a step's own refusal; the retraining has ended as "failed" then.
        AlreadyExists: that moment was answered already.
        Locked: another retraining of this part is under way.
    """
    started, say = time.monotonic(), progress or Silent()
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        rows.models.get(owner.id, CHAMPION)
    with held(work.registry, f"retrain/{owner.id}"):
        agree(work, owner)
        with work.registry.read() as rows:
            stopped = rows.retraining.running(owner.id)
            answered = [run for run in rows.retraining.runs(owner.id) if _answers(run, token)]
        if answered and stopped is None:
            return _report(work, owner, answered[-1], True, time.monotonic() - started)
        begun = stopped or _start(
            work, owner, options or RetrainOptions(), cause, due_at, started_by, data, token
        )
        try:
            ended = _Retraining(work, owner, begun, say).work_through()
        except _HOPELESS as refusal:
            with work.registry.write() as rows:
                rows.retraining.end(begun.id, state=FAILED, reason=str(refusal))
            raise
    return _report(work, owner, ended, stopped is not None, time.monotonic() - started)


class _Retraining:
    """One retraining under way."""

    def __init__(self, work: Workplace, part: PartRecord, run: RetrainRunRecord, say: Progress) -> None:
        self._work, self._part, self._run, self._say = work, part, run, say
        self._done = dict(run.progress)
        self._how = RetrainOptions(**self._done["options"])

    def work_through(self) -> RetrainRunRecord:
        """All steps that are not done yet, then the decision."""
        check_hold_out(self._work, self._part)
        if source := self._done.get("source"):
            ingest.run(self._work, Path(source), self._part.name, progress=self._say)
            self._note(data=_newest(self._work, self._part), source=None)
        champion = self._model(self._done["champion"])
        if "challenger" not in self._done:
            self._note(challenger=trained(self._work, self._part, self._run, champion, self._how, self._say))
        verdicts = {}
        for name in ("champion", "challenger"):
            if f"{name} version" not in self._done:
                version = drawn(
                    self._work, self._part, self._run.id, self._done[name], self._how.count, self._say
                )
                self._note(**{f"{name} version": version})
            if f"{name} verdict" not in self._done:
                found = judged(self._work, self._part, self._done[f"{name} version"], self._how, self._say)
                self._note(**{f"{name} verdict": asdict(found)})
            verdicts[name] = Judged(**self._done[f"{name} verdict"])
        passed, reason = decide(verdicts["champion"], verdicts["challenger"])
        return self._promote(reason) if passed else self._keep(reason)

    def _promote(self, reason: str) -> RetrainRunRecord:
        """The promotion and the end of the retraining, in one transaction."""
        ended = []

        def end(rows: Work) -> None:
            ended.append(rows.retraining.end(self._run.id, state=PROMOTED, reason=reason))

        challenger = self._model(self._done["challenger"])
        promote(self._work, self._part, challenger, actor=self._run.started_by, why=reason, also=end)
        return ended[0]

    def _keep(self, reason: str) -> RetrainRunRecord:
        with self._work.registry.write() as rows:
            return rows.retraining.end(self._run.id, state=KEPT, reason=reason)

    def _note(self, **facts: object) -> None:
        with self._work.registry.write() as rows:
            self._done = dict(rows.retraining.note(self._run.id, facts).progress)

    def _model(self, number: int) -> ModelVersionRecord:
        with self._work.registry.read() as rows:
            return rows.models.get(self._part.id, number)


def _newest(work: Workplace, part: PartRecord) -> int:
    """Number of the catalogue version that a training now would learn from; 0 before the first."""
    with work.registry.read() as rows:
        version = rows.datasets.latest(part.id, "catalogue")
    return version.number if version else 0


def _answers(run: RetrainRunRecord, token: str) -> bool:
    """Whether a retraining came to its end for that request."""
    return bool(token) and run.progress.get("token") == token and run.state in (PROMOTED, KEPT)


def _start(
    work: Workplace,
    part: PartRecord,
    how: RetrainOptions,
    cause: str,
    due_at: datetime | None,
    started_by: str,
    data: Path | None,
    token: str,
) -> RetrainRunRecord:
    newest = _newest(work, part)
    with work.registry.write() as rows:
        champion = rows.models.get(part.id, CHAMPION)
        facts = {
            "options": asdict(how),
            "champion": champion.number,
            "data": newest,
            "source": None if data is None else str(data.absolute()),
            "newest model": max(model.number for model in rows.models.list(part.id)),
            "token": token,
        }
        return rows.retraining.start(
            part.id, cause=cause, started_by=started_by, due_at=due_at, progress=facts
        )


def _report(
    work: Workplace, part: PartRecord, run: RetrainRunRecord, resumed: bool, seconds: float
) -> RetrainReport:
    with work.registry.read() as rows:
        champion = rows.models.get(part.id, CHAMPION)
    promoted = run.state == PROMOTED
    return RetrainReport(
        part=part.name,
        retraining=run.id,
        cause=run.cause,
        outcome=run.state,
        reason=run.reason,
        champion=champion.number,
        challenger=run.progress["challenger"],
        data=run.progress["data"],
        resumed=resumed,
        seconds=seconds,
        next_step=f"`factory-gen rollback --part {part.name}` takes the promotion back."
        if promoted
        else f"The champion stays. Its verdicts: `factory-gen kpi --part {part.name}`; more real defects settle most.",
    )
