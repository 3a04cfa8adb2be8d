"""Can the gate be trusted? Sets made to harm must never pass, and two equal arms hardly ever.

On a part's own pictures, with the gate's own arms, figures and rule, without any generator. The A/A study trains the
real-only arm twice with other random numbers, each time on another half of the held-out groups, and counts how often
the rule would say that one of the two helps; by chance that is at most one time in forty.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from factory_gen.errors import UsageError
from factory_gen.gate.arms import ARMS, BASELINES, JUDGED
from factory_gen.gate.batches import Plan, Pools
from factory_gen.gate.compare import compare
from factory_gen.gate.decide import FEWEST_RUNS, HARMS, HELPS
from factory_gen.gate.inspector import Inspector, Training
from factory_gen.gate.inspectors import make_inspector
from factory_gen.gate.pictures import GatePicture, defect_types, trim
from factory_gen.gate.scores import Tally
from factory_gen.gate.shares import class_mix
from factory_gen.gate.spoiled import SPOILED, pasted
from factory_gen.gate.trial import run_trial
from factory_gen.machine import device_name
from factory_gen.sampler.generator import pick_device
from factory_gen.seeds import derive, numpy_generator
from factory_gen.training.threads import use_threads
from pipelines.inspection.pictures import StoredPictures, find_rows, load_picture, sides_of
from pipelines.progress import Progress, Silent
from pipelines.wiring import Workplace

STAGE = "checking the gate"
MOST_FALSE = 0.1  # of the A/A repeats may be called a help
LEARNING_RATE, EXTRA, REJECT, DRAWS = 7e-4, 0.5, 0.05, 1000
ONE, OTHER = "real", "real again"


@dataclass(frozen=True, kw_only=True)
class GateTrust:
    """How thorough the check is.

    Attributes:
        inspector: a name in `factory_gen.gate.inspectors.INSPECTORS`.
        steps, batch, window: of each training.
        seeds: trainings per arm.
        repeats: of the A/A study.
        samples: pictures in each set made to harm.
        goods: good held-out pictures scored at most.
        seed: of everything random.
    """

    inspector: str = "linear"
    steps: int = 40
    batch: int = 8
    window: int = 128
    seeds: int = 3
    repeats: int = 20
    samples: int = 120
    goods: int = 60
    seed: int = 0

    def __post_init__(self) -> None:
        if self.seeds < FEWEST_RUNS or min(self.steps, self.batch, self.samples, self.goods) < 1:
            raise UsageError(
                expected=f"{FEWEST_RUNS} or more seeds, and 1 or more steps, windows, samples and good pictures",
                found=f"{self.seeds} seeds, {self.steps} steps, {self.samples} samples",
                action="Correct the option.",
            )


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A verdict of the rule, with the lift, its interval, and the arm that it was judged against."""

    name: str
    verdict: str
    against: str
    lift: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class GateTrustReport:
    """What the check found.

    Attributes:
        part: whose pictures.
        passed: no set made to harm helps, and at most a tenth of the A/A repeats does.
        harm: each set made to harm.
        equal: each A/A repeat; `equal_helps` and `equal_harms` of them were called so.
        figure: mean of the deciding figure of the real-only arm, so that one sees what the inspector can do.
        defects, groups: held out.
        settings: as asked for.
        seconds, machine, command: when and where.
    """

    part: str
    passed: bool
    harm: Sequence[Judged]
    equal: Sequence[Judged]
    equal_helps: int
    equal_harms: int
    figure: float
    defects: int
    groups: int
    settings: GateTrust
    seconds: float
    machine: str
    command: str


def run(
    work: Workplace,
    part: str,
    how: GateTrust,
    *,
    command: str = "",
    progress: Progress | None = None,
) -> GateTrustReport:
    """Check the gate on a part's pictures.

    Raises:
        NotFound: no such part.
        InputRefused: a side has no good or no defective pictures with masks.
    """
    started, say = time.monotonic(), progress or Silent()
    use_threads(work.settings.threads)
    bench = _Bench(work, part, how, say)
    say.start(STAGE, (len(BASELINES) + len(SPOILED)) * how.seeds + 2 * how.repeats * how.seeds, "trainings")
    real = {arm: bench.runs(arm, ARMS[arm].name, (), how.seed, bench.test) for arm in BASELINES}
    harm, figure = [], 0.0
    for name, spoil in SPOILED.items():
        ours = spoil(pasted(bench.real, how.samples, how.seed), bench.real, how.seed)
        tallies = {**real, JUDGED: bench.runs(JUDGED, JUDGED, ours, how.seed, bench.test)}
        judged, figure = bench.judge(name, tallies, JUDGED, BASELINES)
        harm.append(judged)
    equal = [bench.equal_arms(repeat) for repeat in range(how.repeats)]
    say.finish(STAGE)
    helps = sum(one.verdict == HELPS for one in equal)
    return GateTrustReport(
        part=part,
        passed=all(one.verdict != HELPS for one in harm) and helps <= MOST_FALSE * how.repeats,
        harm=harm,
        equal=equal,
        equal_helps=helps,
        equal_harms=sum(one.verdict == HARMS for one in equal),
        figure=figure,
        defects=real[BASELINES[0]][0].defects,
        groups=len({picture.group for picture in bench.test}),
        settings=how,
        seconds=time.monotonic() - started,
        machine=device_name(pick_device(work.settings.device)),
        command=command,
    )


class _Bench:
    """The part's pictures, decoded once, and the trainings on them."""

    def __init__(self, work: Workplace, part: str, how: GateTrust, say: Progress) -> None:
        with work.registry.read() as registry:
            owner = registry.parts.get(part)
        rows = find_rows(work, owner, None, pixels=True)
        sides = sides_of(rows, 0, apart=False, goods=how.goods)
        self.how, self.say, self.device = how, say, pick_device(work.settings.device).type
        loaded = [load_picture(work, one, None) for one in (*sides.good, *sides.bad)]
        self.real = [trim(picture, how.window) for picture in loaded]
        self.test = list(StoredPictures(work, [*sides.test_bad, *sides.test_good], None))
        self.types = defect_types(self.real)
        self.inspector: Inspector = make_inspector(how.inspector)

    def runs(
        self, name: str, arm: str, ours: Sequence[GatePicture], seed: int, test: Sequence[GatePicture]
    ) -> list[Tally]:
        """The tallies of one arm, one per seed."""
        how, found = self.how, []
        plan = Plan(how.window, how.batch, EXTRA, class_mix(self.types))
        for number in range(how.seeds):
            own = derive(seed, "bench gate", number)
            training = Training(how.steps, how.batch, how.window, LEARNING_RATE, own, self.device)
            pools = Pools(self.real, ours)
            trial = run_trial(self.inspector, pools, ARMS[arm], plan, training, test, self.types)
            found.append(trial.tally)
            self.say.advance(STAGE, 1, arm=name)
        return found

    def judge(
        self, name: str, tallies: dict[str, list[Tally]], judged: str, baselines: Sequence[str]
    ) -> tuple[Judged, float]:
        """The gate's own word, and the real-only arm's figure."""
        found = compare(
            tallies, judged=judged, baselines=baselines, draws=DRAWS, seed=self.how.seed, reject=REJECT
        )
        lift = found.decision.lift
        said = Judged(
            name=name,
            verdict=found.decision.verdict,
            against=found.decision.against,
            lift=lift.lift,
            low=lift.low,
            high=lift.high,
        )
        return said, found.figures[ONE][found.metric][0]

    def equal_arms(self, repeat: int) -> Judged:
        """One A/A repeat: the real-only arm twice, with other random numbers, on half of the held-out groups."""
        groups = sorted({picture.group for picture in self.test})
        rng = numpy_generator(self.how.seed, "bench gate", "half", repeat)
        half = {groups[int(place)] for place in rng.permutation(len(groups))[: -(-len(groups) // 2)]}
        test = [picture for picture in self.test if picture.group in half]
        seeds = [derive(self.how.seed, "bench gate", name, repeat) for name in (ONE, OTHER)]
        tallies = {
            name: self.runs(name, ONE, (), seed, test) for name, seed in zip((ONE, OTHER), seeds, strict=True)
        }
        return self.judge(f"repeat {repeat + 1}", tallies, OTHER, [ONE])[0]
