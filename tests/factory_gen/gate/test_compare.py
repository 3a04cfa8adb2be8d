"""Whole gates with the fast inspector: equal arms, better data, and data made to harm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from factory_gen.gate.arms import ARMS, Arm
from factory_gen.gate.batches import BASE, Plan, Pools
from factory_gen.gate.compare import Comparison, compare
from factory_gen.gate.decide import HARMS, HELPS
from factory_gen.gate.inspector import Training
from factory_gen.gate.linear import Linear
from factory_gen.gate.pictures import GatePicture
from factory_gen.gate.scores import Tally
from factory_gen.gate.trial import run_trial
from tests.factory_gen.gate.drawn_defects import SIDE, TYPES, plates

PLAN = Plan(window=24, batch=8, extra=0.5, mix=dict.fromkeys(TYPES, 0.5))
REAL = plates(1, groups=3, per_group=1)
TEST = plates(2, groups=10, per_group=1, prefix="t")


def gate(
    arms: dict[str, Arm],
    synthetic: Sequence[GatePicture] = (),
    *,
    judged: str = "synthetic",
    seed: int = 0,
    steps: int = 4,
    separate: bool = False,
    test: Sequence[GatePicture] = TEST,
) -> Comparison:
    """Three runs per arm; `separate` gives each arm random numbers of its own."""
    tallies: dict[str, list[Tally]] = {}
    for place, (name, arm) in enumerate(arms.items()):
        for run in range(3):
            number = 1000 * seed + run + (100 * place if separate else 0)
            training = Training(steps, PLAN.batch, PLAN.window, 1e-3, seed=number)
            trial = run_trial(Linear(), Pools(REAL, synthetic), arm, PLAN, training, test, TYPES)
            tallies.setdefault(name, []).append(trial.tally)
    baselines = [name for name in arms if name != judged]
    return compare(tallies, judged=judged, baselines=baselines, draws=100, seed=seed, reject=0.05)


WITH = {name: ARMS[name] for name in ("real", "oversampled", "synthetic")}


def test_equal_arms_rarely_help() -> None:
    """A/A: two real-only arms that differ in their random numbers alone, on new held-out parts each time."""
    helps = 0
    for repeat in range(20):
        test = plates(100 + repeat, groups=6, per_group=1, prefix="t")
        arms = {"a": Arm("a", (BASE,), ""), "b": Arm("b", (BASE,), "")}
        found = gate(arms, judged="b", seed=repeat, separate=True, test=test, steps=2)
        helps += found.decision.verdict == HELPS
    assert helps <= 2


def shuffled_masks(pictures: Sequence[GatePicture]) -> list[GatePicture]:
    """Each picture's mask on its neighbour of the same type."""
    masks = [pictures[(place + len(TYPES)) % len(pictures)].masks for place in range(len(pictures))]
    return [replace(picture, masks=mask) for picture, mask in zip(pictures, masks, strict=True)]


def invisible(pictures: Sequence[GatePicture]) -> list[GatePicture]:
    """The masks of the pictures, on plates without the defect."""
    drawn = plates(9, groups=len(pictures), per_group=1, strength=0.0, goods=False)
    return [replace(picture, pixels=flat.pixels) for picture, flat in zip(pictures, drawn, strict=False)]


def off_the_part(pictures: Sequence[GatePicture]) -> list[GatePicture]:
    """A dark backdrop beside the plate, with the mask on the plain backdrop."""
    found = []
    for picture in pictures:
        pixels, mask = picture.pixels.copy(), np.zeros((SIDE, SIDE), dtype=bool)
        pixels[:, : SIDE // 2] = 2
        mask[10:24, 4:18] = True
        found.append(replace(picture, pixels=pixels, masks=dict.fromkeys(picture.masks, mask)))
    return found


@pytest.mark.parametrize("spoil", [shuffled_masks, invisible, off_the_part], ids=lambda f: f.__name__)
def test_a_set_made_to_harm_never_helps(spoil: Callable[[Sequence[GatePicture]], list[GatePicture]]) -> None:
    ours = plates(3, groups=20, per_group=1, prefix="s", goods=False)
    found = gate(WITH, spoil(ours))
    assert found.decision.verdict != HELPS
    assert found.decision.lift.lift < 0


def test_data_that_spoils_everything_is_found_to_harm() -> None:
    ours = off_the_part(plates(3, groups=20, per_group=1, prefix="s", goods=False))
    assert gate(WITH, ours, steps=8).decision.verdict == HARMS


def test_data_that_shows_what_the_real_pictures_lack_helps() -> None:
    """The real defects are so faint that nothing is learned from them; ours are not."""
    faint = plates(1, groups=3, per_group=1, strength=1.0)
    ours = plates(3, groups=20, per_group=1, prefix="s", goods=False)
    tallies: dict[str, list[Tally]] = {name: [] for name in WITH}
    for name, arm in WITH.items():
        for seed in range(3):
            training = Training(6, PLAN.batch, PLAN.window, 1e-3, seed=seed)
            trial = run_trial(Linear(), Pools(faint, ours), arm, PLAN, training, TEST, TYPES)
            tallies[name].append(trial.tally)
    found = compare(
        tallies, judged="synthetic", baselines=("real", "oversampled"), draws=100, seed=0, reject=0.05
    )
    assert found.decision.verdict == HELPS
    assert found.metric == "pixel_ap_macro"
    assert set(found.per_type) == set(TYPES)
    mean = np.mean([lift.lift for lift in found.per_type.values()])
    assert mean == pytest.approx(found.decision.lift.lift)
    assert {"pixel_ap", "image_auroc", "recall", "aupro", "f1_max"} <= set(found.others)


def test_the_same_seeds_give_the_same_comparison() -> None:
    ours = plates(3, groups=6, per_group=1, prefix="s", goods=False)
    assert gate(WITH, ours) == gate(WITH, ours)
