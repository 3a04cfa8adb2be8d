"""Reflow: pairs are the ends of the flow's own paths, and the tuned flow lands with one Euler step."""

from __future__ import annotations

from pathlib import Path

import torch

from factory_gen.flow.model import FlowModel, FlowSettings
from factory_gen.flow.reflow import Pairs, train_reflow
from factory_gen.matching.solvers.table import solve
from factory_gen.training.loop import LoopSettings
from tests.factory_gen.flow.drawn_latents import RULE, Shifted, code, decode, network

SETTINGS = FlowSettings(batch=16, reflow_pairs=40, tuning_steps=40, tuning_rate=1e-2)


def tuned(folder: Path, start: FlowModel) -> tuple[FlowModel, list[float]]:
    net, errors = network(spans=False), []
    net.start_from(start)
    loop = LoopSettings(steps=1, precision="no", device="cpu", ema=0.9, warmup=5, checkpoint_s=0.0)
    train_reflow(
        net,
        Shifted(),
        code,
        decode,
        RULE,
        SETTINGS,
        loop,
        folder,
        resume=False,
        report=lambda step, fraction, figures: errors.append(figures["error"]),
    )
    return net, errors


@torch.no_grad()
def test_pairs_are_the_ends_of_the_flows_paths_and_depend_on_the_seed() -> None:
    net = network(spans=False, seed=4).eval()
    pairs = Pairs(net, Shifted(), code, decode, RULE, SETTINGS, seed=1)
    assert len(pairs) == 48
    x_0, x_1, source, codes, told = pairs.draw(8, torch.Generator().manual_seed(2))

    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        times = torch.full((x.shape[0],), t)
        result: torch.Tensor = net(x, times, source.mean, source.log_var, codes, told)
        return result

    assert torch.allclose(solve(velocity, x_0, "midpoint", 8), x_1, atol=2e-2)
    again = Pairs(net, Shifted(), code, decode, RULE, SETTINGS, seed=1)
    other = Pairs(net, Shifted(), code, decode, RULE, SETTINGS, seed=2)
    assert torch.equal(again.parts[1], pairs.parts[1])
    assert not torch.equal(other.parts[1], pairs.parts[1])


def test_one_euler_step_comes_nearer_to_where_eight_calls_land_alike_for_a_seed(tmp_path: Path) -> None:
    start = network(spans=False, seed=4).eval()
    net, errors = tuned(tmp_path / "first", start)
    again, _ = tuned(tmp_path / "again", start)
    assert all(torch.equal(one, two) for one, two in zip(net.parameters(), again.parameters(), strict=True))
    with torch.no_grad():
        pairs = Pairs(start, Shifted(), code, decode, RULE, SETTINGS, seed=7)
        x_0, x_1, source, codes, told = pairs.draw(64, torch.Generator().manual_seed(2))
        state = (x_0, torch.zeros(64), source.mean, source.log_var, codes, told)
        before = (x_0 + start(*state) - x_1).square().mean()
        after = (x_0 + net(*state) - x_1).square().mean()
    assert after < 0.5 * before
    assert sum(errors[-10:]) < sum(errors[:10])
