"""One trial: train an inspector on one arm, score the held-out pictures, count."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from factory_gen.gate.arms import Arm
from factory_gen.gate.batches import BatchStream, Plan, Pools
from factory_gen.gate.inspector import Inspector, Tell, Training, no_tell
from factory_gen.gate.pictures import GatePicture
from factory_gen.gate.scores import Tally

Scored = Callable[[int, int], None]  # done, of


@dataclass(frozen=True)
class Trial:
    """What one trial gave.

    Attributes:
        tally: histograms of the scores on the held-out pictures.
        losses: training loss per step.
        sample_losses: mean loss of synthetic pictures' windows, by key.
        seconds: training, scoring.
    """

    tally: Tally
    losses: Sequence[float]
    sample_losses: Mapping[str, float]
    seconds: tuple[float, float]


def run_trial(
    inspector: Inspector,
    pools: Pools,
    arm: Arm,
    plan: Plan,
    training: Training,
    test: Sequence[GatePicture],
    types: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    tell: Tell = no_tell,
    scored: Scored | None = None,
) -> Trial:
    """Train and score.

    Args:
        inspector: the kind of model.
        pools: what it may train on.
        arm: what fills the extra slots.
        plan: how batches are filled.
        training: how long, and the seed.
        test: pictures to score; none of their groups may be in the pools (checked by the caller).
        types: defect types, the same in all trials that are to be compared.
        groups: all groups that a comparable trial may score; those of `test` by default.
        tell: told each step and its loss.
        scored: told how many pictures are scored.
    """
    started = time.monotonic()
    stream = BatchStream(pools, arm, plan, training.seed, types)
    trained = inspector.train(stream, training, tell)
    between = time.monotonic()
    tally = Tally(groups if groups is not None else [picture.group for picture in test], types)
    for place, scores in enumerate(trained.score(test)):
        tally.add(test[place], scores)
        if scored is not None:
            scored(place + 1, len(test))
    ended = time.monotonic()
    return Trial(tally, trained.losses, trained.sample_losses, (between - started, ended - between))
