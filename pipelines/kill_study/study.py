"""The study: for each kind of job an undisturbed run, then kills, each followed by one start of the same job."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from factory_gen.errors import UsageError
from factory_gen.machine import device_name
from factory_gen.sampler.generator import pick_device
from pipelines.kill_study.plant import JOBS, NOTHING, draw, keep_home, put_home
from pipelines.kill_study.process import (
    LEFT_OUT,
    Ended,
    Outcome,
    look,
    make_store,
    passed_points,
    run_job,
    warm_up,
)
from pipelines.kill_study.report import JobResult, Kill, KillReport
from pipelines.progress import Progress, Silent

STAGE = "kills"
MOST_DRAWS = 20
_SHOWN = 3
_CUT = 400
_ALMOST = 0.9  # of the undisturbed time: the machine may be quicker this time


def run(
    *,
    kills: int = 200,
    seed: int = 0,
    only: Sequence[str] = (),
    folder: Path | None = None,
    command: str = "",
    progress: Progress | None = None,
) -> KillReport:
    """Kill each kind of job `kills / kinds` times, half of them at named points, and compare what is left.

    Args:
        kills: in all, shared out evenly.
        seed: of the moments and points.
        only: kinds to kill; all when empty. Those that they build on are done undisturbed.
        folder: where the homes are put and kept; a temporary one when None.
        command: for the report.
        progress: told about each kill.

    Raises:
        UsageError: no such kind, or fewer kills than kinds.
        RuntimeError: an undisturbed job failed, or two of them left different rows, so that nothing can be compared.
    """
    chosen = tuple(only) or tuple(JOBS)
    _check(chosen, kills)
    began, say, load = time.monotonic(), progress or Silent(), os.getloadavg()[0]
    rng = random.Random(seed)
    shares = share_out(kills, chosen)
    results, details = [], []
    with ExitStack() as stack:
        root = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="factory-gen-kills-")))
        root.mkdir(parents=True, exist_ok=True)
        draw(root)
        warm_up()
        make_store(root)
        keep_home(root, NOTHING)
        say.start(STAGE, kills, "kills")
        for job in _in_order(chosen):
            study = JobStudy(root, job, rng)
            found: list[Kill] = []
            for _ in range(shares.get(job, 0)):
                found.append(study.kill(at_a_point=len(found) % 2 == 1))
                say.say(_told(found[-1]))
                say.advance(STAGE)
            results += [study.result(found)] if found else []
            details += found
        say.finish(STAGE)
    return KillReport(
        command=command,
        machine=device_name(pick_device("cpu")),
        load=(load, os.getloadavg()[0]),
        seed=seed,
        kills=len(details),
        clean=sum(kill.clean for kill in details),
        lost=sum(kill.lost for kill in details),
        doubled=sum(kill.doubled for kill in details),
        verify_problems=sum(len(kill.problems) for kill in details),
        seconds=time.monotonic() - began,
        jobs=results,
        left_out=LEFT_OUT,
        details=details,
    )


class JobStudy:
    """One kind of job: done twice undisturbed, then killed as often as asked for.

    Args:
        root: folder of the study; the job that this one builds on has been done in it.
        job: name in `JOBS`.
        rng: where moments and points come from.
    """

    def __init__(self, root: Path, job: str, rng: random.Random) -> None:
        self._root, self._job, self._rng = root, job, rng
        first, took = self._undisturbed()
        self.wanted, self.seconds = self._undisturbed()
        self.seconds = min(took, self.seconds)
        if first.content != self.wanted.content or self.wanted.problems:
            lost, doubled = compare(first, self.wanted)
            raise RuntimeError(
                f"two undisturbed runs of {job} differ: {[*lost, *doubled][:_SHOWN]}, {self.wanted.problems}"
            )
        self._points = passed_points(root)
        keep_home(root, job)

    def kill(self, *, at_a_point: bool) -> Kill:
        """Kill the job once, start it again, and compare."""
        at, ended = self._kill_at_a_point() if at_a_point else self._kill_at_a_moment()
        again = run_job(self._root, self._job)
        found = look(self._root)
        lost, doubled = compare(self.wanted, found)
        return Kill(
            job=self._job,
            at=at,
            after_s=round(ended.seconds, 3),
            restart_s=round(again.seconds, 3),
            ended_well=again.code == 0,
            lost=len(lost),
            doubled=len(doubled),
            examples=[row[:_CUT] for row in (*lost[:_SHOWN], *doubled[:_SHOWN])],
            problems=found.problems,
            orphans=found.orphans,
            unfinished=found.unfinished,
            tracking_agrees=found.agrees and found.tracked == self.wanted.tracked,
        )

    def result(self, kills: Sequence[Kill]) -> JobResult:
        """The kills of this job in one line."""
        return JobResult(
            job=self._job,
            undisturbed_s=round(self.seconds, 3),
            rows=sum(len(rows) for rows in self.wanted.content.values()),
            points=len(self._points),
            points_killed_at=len({kill.at for kill in kills} & set(self._points)),
            kills=len(kills),
            clean=sum(kill.clean for kill in kills),
            lost=sum(kill.lost for kill in kills),
            doubled=sum(kill.doubled for kill in kills),
            verify_problems=sum(len(kill.problems) for kill in kills),
            slowest_restart_s=max(kill.restart_s for kill in kills),
        )

    def _undisturbed(self) -> tuple[Outcome, float]:
        put_home(self._root, JOBS[self._job].after)
        ended = run_job(self._root, self._job)
        if ended.code:
            raise RuntimeError(f"{self._job} failed undisturbed; see {self._root / 'jobs.log'}")
        return look(self._root), ended.seconds

    def _kill_at_a_moment(self) -> tuple[str, Ended]:
        for _ in range(MOST_DRAWS):
            put_home(self._root, JOBS[self._job].after)
            ended = run_job(self._root, self._job, kill_after_s=self._rng.uniform(0, _ALMOST * self.seconds))
            if ended.killed:
                return "a random moment", ended
            self.seconds = min(self.seconds, ended.seconds)  # the machine is less busy than it was
        raise RuntimeError(f"{self._job} was done before it could be killed, {MOST_DRAWS} times")

    def _kill_at_a_point(self) -> tuple[str, Ended]:
        # by name first: a point that is passed once deserves a kill as much as one that is passed at every step
        name = self._rng.choice(sorted(self._points))
        put_home(self._root, JOBS[self._job].after)
        ended = run_job(self._root, self._job, point=(name, self._rng.randint(1, self._points[name])))
        if not ended.killed:
            raise RuntimeError(f"{self._job} did not come by the point {name!r}")
        return name, ended


def compare(wanted: Outcome, found: Outcome) -> tuple[list[str], list[str]]:
    """Rows that are missing and rows that are too many, each with its table in front."""
    expected, there = Counter(_rows(wanted)), Counter(_rows(found))
    return sorted((expected - there).elements()), sorted((there - expected).elements())


def _rows(outcome: Outcome) -> list[str]:
    return [f"{table}: {row}" for table, rows in outcome.content.items() for row in rows]


def share_out(kills: int, chosen: Sequence[str]) -> dict[str, int]:
    """How many of the kills each kind gets, by weight; at least one."""
    weights = {job: JOBS[job].weight for job in chosen}
    shares = {job: max(1, kills * weight // sum(weights.values())) for job, weight in weights.items()}
    lightest_first = sorted(chosen, key=lambda job: -weights[job])
    for place in range(kills - sum(shares.values())):
        shares[lightest_first[place % len(chosen)]] += 1
    return shares


def _in_order(chosen: Sequence[str]) -> list[str]:
    """The chosen jobs and those that they build on, in the order in which they can be done."""
    wanted = set(chosen)
    for job in reversed(JOBS):
        if job in wanted and JOBS[job].after != NOTHING:
            wanted.add(JOBS[job].after)
    return [job for job in JOBS if job in wanted]


def _check(chosen: Sequence[str], kills: int) -> None:
    unknown = [job for job in chosen if job not in JOBS]
    if unknown or kills < len(chosen):
        raise UsageError(
            expected=f"jobs from {', '.join(JOBS)}, and a kill for each",
            found=f"{kills} kills of {', '.join(unknown or chosen)}",
            action="Correct --job or --kills.",
        )


def _told(kill: Kill) -> str:
    word = "clean" if kill.clean else f"NOT CLEAN: lost {kill.lost}, doubled {kill.doubled}, {kill.problems}"
    return f"{kill.job}: {kill.at}, after {kill.after_s:.2f} s: {word}"
