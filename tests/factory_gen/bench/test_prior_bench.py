"""Arms train and are measured on a part drawn for the test: small, real, a few seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from factory_gen.autoencoder.model import AutoencoderSettings
from factory_gen.bench.arms import ABLATIONS, ARMS, COMPARED, DIFFUSION, GAUSSIAN, LEDIFLOW
from factory_gen.bench.autoencoder import bench_autoencoder, grain_spread
from factory_gen.bench.drawing import ENCODED, Setting, draw_set
from factory_gen.bench.held_out import AUTOENCODED, INPAINT, RAW, WHOLE, make_held_out, window_features
from factory_gen.bench.measure import TEST, VALIDATION, Bench, measure_arm, measure_floor, settings_of
from factory_gen.bench.networks import Shared, make_bank, train_arm, train_shared
from factory_gen.bench.settings import PriorBench
from factory_gen.errors import InputRefused, UsageError
from factory_gen.images.dataset import PartImage, PartPictures, WindowDraw
from factory_gen.metrics.features import FeatureNet

CPU = torch.device("cpu")


def _pictures(seed: int) -> PartPictures:
    rng = np.random.default_rng(seed)

    def picture(mask: np.ndarray | None) -> np.ndarray:
        pixels = np.clip(rng.normal(150, 12, (64, 64)), 0, 255)
        if mask is not None:
            pixels[mask] = 40
        return pixels.astype(np.uint8)

    spot = np.zeros((64, 64), bool)
    spot[24:40, 20:44] = True
    good = [PartImage(f"g{seed}{i}", picture(None)) for i in range(4)]
    bad = [PartImage(f"b{seed}{i}", picture(spot), 8, spot, "spot", i / 3) for i in range(4)]
    return PartPictures(good, bad, 1)


PLAN = PriorBench(
    arms=(LEDIFLOW, GAUSSIAN, DIFFUSION),
    budget_s=1.2,
    window=32,
    bank=64,
    count=32,
    width=32,
    heads=2,
    calls=(1, 2),
    scales=(1.0, 0.8),
    resamples=10,
    autoencoder=AutoencoderSettings(
        factor=8, latent_channels=4, width_half=16, width_quarter=16, blocks=1, batch=8
    ),
    device="cpu",
    precision="no",
    least_s=0.01,
)
PLAN = replace(PLAN, prior=replace(PLAN.prior, depth=1, batch=8), flow=replace(PLAN.flow, depth=1, batch=8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def bench(folder: Path) -> Bench:
    draw = WindowDraw(_pictures(0), PLAN.window, ())
    autoencoder = bench_autoencoder(draw, PLAN, folder, CPU, lambda *told: None)
    nets = FeatureNet()
    splits = {
        name: make_held_out(
            name,
            _pictures(seed),
            ("good", "spot"),
            autoencoder,
            nets,
            window=PLAN.window,
            count=PLAN.count,
            seed=3,
            device=CPU,
        )
        for name, seed in ((VALIDATION, 1), (TEST, 2))
    }
    return Bench(PLAN, autoencoder, nets, splits, grain_spread(autoencoder, draw, 16))


@pytest.fixture(scope="module")
def shared(bench: Bench, folder: Path) -> Shared:
    bank = make_bank(WindowDraw(_pictures(0), PLAN.window, ()), bench.autoencoder, PLAN, CPU)
    return train_shared(bank, PLAN, 0, folder, lambda *told: None)


def test_whole_windows_are_told_nothing_and_holes_keep_their_surroundings(bench: Bench) -> None:
    whole, inpaint = (bench.splits[TEST].windows[name].conditions for name in (WHOLE, INPAINT))
    assert whole.hole.min() == 1 and not whole.context.any() and not whole.mask.any() and not whole.kind.any()
    assert (inpaint.kind == 1).all() and inpaint.hole.mean() < 1 and inpaint.context.any()


def test_every_arm_spends_its_budget_and_matches_steps(bench: Bench, shared: Shared, folder: Path) -> None:
    own = train_arm(ARMS[LEDIFLOW], shared, PLAN, 0, folder, same_steps=None, report=lambda *told: None)
    steps = own["time"][1].steps
    assert steps >= 1
    spent = own["time"][1].seconds + shared.prior_seconds + shared.codes_seconds
    assert spent < PLAN.budget_s + 1.5
    for name in (GAUSSIAN, DIFFUSION):
        found = train_arm(ARMS[name], shared, PLAN, 0, folder, same_steps=steps, report=lambda *told: None)
        assert found["steps"][1].steps == steps
        assert found["time"][1].steps >= steps
        again = train_arm(ARMS[name], shared, PLAN, 0, folder, same_steps=steps, report=lambda *told: None)
        for first, second in zip(found["time"][0].parameters(), again["time"][0].parameters(), strict=True):
            assert torch.equal(first, second)  # read back, not trained again
        rows = measure_arm(bench, ARMS[name], found["time"][0], shared, 0)
        measured = {(r.solver, r.calls) for r in rows if r.split == TEST and r.reference == AUTOENCODED}
        assert measured == set(settings_of(ARMS[name], PLAN))
        assert {r.calls for r in rows if r.reference == RAW} == set(PLAN.calls)
        assert all(r.kid_low <= r.kid_high and r.calls_ms > 0 for r in rows)


def test_an_arm_is_trained_a_little_where_its_prior_has_spent_everything(
    shared: Shared, tmp_path: Path
) -> None:
    """On a loaded machine one step of the prior can outlast a small budget; the rest must not become endless."""
    late = replace(shared, prior_seconds=PLAN.budget_s * 3)
    found = train_arm(ARMS[LEDIFLOW], late, PLAN, 0, tmp_path, same_steps=None, report=lambda *told: None)
    assert found["time"][1].steps >= 1


def test_same_seed_draws_the_same_and_keeps_what_is_known(bench: Bench, shared: Shared, folder: Path) -> None:
    arm = ARMS[LEDIFLOW]
    model = train_arm(arm, shared, PLAN, 0, folder, same_steps=None, report=lambda *told: None)["time"][0]
    windows = bench.splits[TEST].windows[INPAINT]
    draws = [
        draw_set(arm, model, shared, windows, setting, batch=16, seed=seed, fast=False).latent
        for setting, seed in (
            (Setting("euler", 2), 5),
            (Setting("euler", 2), 5),
            (Setting("euler", 2), 6),
            (Setting("euler", 2, codes=ENCODED), 5),
        )
    ]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2]) and not torch.equal(draws[0], draws[3])
    outside = (windows.conditions.hole == 0).expand_as(windows.latent)
    assert torch.equal(draws[0][outside], windows.latent[outside])


def test_the_floor_of_a_set_against_itself_is_about_zero(bench: Bench) -> None:
    test = bench.splits[TEST]
    floor = measure_floor(bench, dict(test.features), 0)
    assert set(floor) == {f"{kind}/{ref}" for kind in (WHOLE, INPAINT) for ref in (AUTOENCODED, RAW)}
    other = window_features(
        WindowDraw(_pictures(0), PLAN.window, ()), bench.autoencoder, bench.nets, PLAN.count
    )
    far = measure_floor(bench, {(WHOLE, RAW): other[INPAINT, RAW]}, 0)
    assert floor["whole/raw"] < far["whole/raw"]


def test_a_split_without_defects_is_refused(bench: Bench) -> None:
    pictures = PartPictures(_pictures(4).good, [], 1)
    with pytest.raises(InputRefused, match="defective"):
        make_held_out(
            TEST, pictures, ("good",), bench.autoencoder, bench.nets, window=32, count=32, seed=0, device=CPU
        )


@pytest.mark.parametrize(
    "change",
    [{"arms": (LEDIFLOW,)}, {"arms": (LEDIFLOW, GAUSSIAN, "magic")}, {"solvers": ("x",)}, {"count": 8}],
)
def test_a_plan_that_cannot_be_compared_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        replace(PLAN, **change)


@pytest.mark.parametrize("name", sorted(ARMS))
def test_an_arm_changes_only_what_it_is_about(name: str) -> None:
    arm, base = ARMS[name], PLAN.flow
    own = arm.settings(base)
    assert (own.source, own.use_code) == (arm.source, arm.use_code)
    assert replace(own, source=base.source, use_code=base.use_code, weight=base.weight) == base
    assert (own.weight != base.weight) == (arm.weight is not None)
    assert (name in COMPARED) != (name in ABLATIONS)
