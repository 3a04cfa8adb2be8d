"""What the study found, as data and as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill and what the next start of the job made of it.

    Attributes:
        job: its kind.
        at: the named point, or "a random moment".
        after_s: how long the job had run.
        restart_s: how long the next start took to its end.
        ended_well: whether that start ended without an error.
        lost, doubled: rows that the undisturbed run has and this one does not, and the other way round; a row that
            differs counts in both.
        examples: some of these rows.
        problems: what `verify` found.
        orphans, unfinished: stored bytes that no row names, and temporary files; they harm nobody.
        tracking_agrees: whether MLflow knows each model once and the same champion as the registry.
    """

    job: str
    at: str
    after_s: float
    restart_s: float
    ended_well: bool
    lost: int
    doubled: int
    examples: Sequence[str]
    problems: Sequence[str]
    orphans: int
    unfinished: int
    tracking_agrees: bool

    @property
    def clean(self) -> bool:
        """Whether nobody could tell from the registry that there was a kill."""
        return self.ended_well and not (self.lost or self.doubled or self.problems) and self.tracking_agrees


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """One kind of job: its undisturbed time, its named points, and how its kills ended."""

    job: str
    undisturbed_s: float
    rows: int
    points: int
    points_killed_at: int
    kills: int
    clean: int
    lost: int
    doubled: int
    verify_problems: int
    slowest_restart_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KillReport:
    """What the study found.

    Attributes:
        command, machine, seed: how it can be done again.
        load: mean number of processes that wanted to run during the minute before the start, and before the end.
        kills, clean: how many there were, and after how many the registry was as without one.
        lost, doubled, verify_problems: in all.
        seconds: in all.
        jobs: a line for each kind.
        left_out: what was not compared, and why.
        details: every kill.
    """

    command: str
    machine: str
    load: tuple[float, float]
    seed: int
    kills: int
    clean: int
    lost: int
    doubled: int
    verify_problems: int
    seconds: float
    jobs: Sequence[JobResult]
    left_out: Mapping[str, str]
    details: Sequence[Kill]


_PAGE = """\
# Jobs killed with -9

{kills} kills over {kinds} kinds of jobs; after {clean} of them the next start of the same job left the registry as an
undisturbed run leaves it. Rows lost: {lost}. Rows doubled: {doubled}. Problems that `verify` found: {problems}.

Each job is a process of its own that does what a worker of the box does with a request. Half of the kills come at a
random moment of the time that the undisturbed job took, half at a named point: before or after a transaction, a rename,
the removal of a folder or a word to MLflow, or at a step that the job tells of. The process gets SIGKILL. Then the same
request is started once more and left alone, and the registry is held, row by row, against the one that an undisturbed
run has left in the same place; `verify` hashes all stored bytes. Before that, two undisturbed runs were held against
each other.

| job | undisturbed | rows | named points, killed at | kills | clean | lost | doubled | `verify` | slowest restart |
|---|---|---|---|---|---|---|---|---|---|
{table}

Moments are not compared, and these neither:

{left_out}

What a kill may leave and nobody is harmed by: bytes that no row names (up to {orphans} files), and temporary files (up
to {unfinished}).

Command: `{command}`, seed {seed}, {minutes:.0f} minutes on one core of {machine}, which other programs used at the same
time (load {before:.1f} at the start, {after:.1f} at the end). The data: [kills.json](kills.json).
"""


def page(report: KillReport) -> str:
    """The report as a Markdown page."""
    table = [
        f"| {one.job} | {one.undisturbed_s:.1f} s | {one.rows} | {one.points}, {one.points_killed_at} | {one.kills} | "
        f"{one.clean} | {one.lost} | {one.doubled} | {one.verify_problems} | {one.slowest_restart_s:.1f} s |"
        for one in report.jobs
    ]
    text = _PAGE.format(
        kills=report.kills,
        kinds=len(report.jobs),
        clean=report.clean,
        lost=report.lost,
        doubled=report.doubled,
        problems=report.verify_problems,
        table="\n".join(table),
        left_out="\n".join(f"- `{name}`: {why}" for name, why in report.left_out.items()),
        orphans=max((kill.orphans for kill in report.details), default=0),
        unfinished=max((kill.unfinished for kill in report.details), default=0),
        command=report.command,
        seed=report.seed,
        minutes=report.seconds / 60,
        machine=report.machine,
        before=report.load[0],
        after=report.load[1],
    )
    failed = [_line(kill) for kill in report.details if not kill.clean]
    return text + ("\n## Not clean\n\n" + "\n".join(failed) + "\n" if failed else "")


def _line(kill: Kill) -> str:
    words = [f"lost {kill.lost}, doubled {kill.doubled}, {len(kill.problems)} problems"]
    words += [] if kill.ended_well else ["the next start failed"]
    words += [] if kill.tracking_agrees else ["MLflow disagrees"]
    return f"- {kill.job}, {kill.at}, after {kill.after_s:.2f} s: {', '.join(words)}"
