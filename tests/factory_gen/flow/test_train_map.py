"""The flow map in training: old weights start it, it is reproducible, resumes, and its jumps learn to land."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from factory_gen.flow.model import FlowModel, FlowSettings
from factory_gen.flow.train_map import train_flow_map
from factory_gen.nets.blocks import ScalarEmbedding
from factory_gen.training.loop import LoopSettings
from tests.factory_gen.flow.drawn_latents import RULE, SIZE, K, Shifted, code, decode, network, whole

TIMES = torch.linspace(0.0, 1.0, 101)


class Killed(Exception):
    pass


def tuned(
    folder: Path,
    *,
    steps: int = 4,
    seed: int = 0,
    resume: bool = False,
    kill_at: int = -1,
    start: FlowModel | None = None,
    **changes: object,
) -> tuple[FlowModel, list[dict[str, float]]]:
    net = network(spans=True, fresh=True)
    if start is not None:
        net.start_from(start)
    settings = FlowSettings(**{"tuning_steps": steps, "batch": 32, "map_target": "data", **changes})  # type: ignore[arg-type]
    loop = LoopSettings(steps=1, precision="no", device="cpu", ema=0.9, seed=seed, checkpoint_s=0.0)
    seen: list[dict[str, float]] = []

    def report(step: int, fraction: float, figures: dict[str, float]) -> None:
        seen.append(figures)
        if step == kill_at + 1:
            raise Killed

    train_flow_map(
        net,
        Shifted(),
        code,
        decode,
        RULE,
        settings,
        loop,
        folder,
        resume=resume,
        report=report,
    )
    return net, seen


def inputs(batch: int = 3) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    maps = [torch.randn(batch, K, SIZE, SIZE, generator=generator) for _ in range(3)]
    return (maps[0], torch.full((batch,), 0.3), *maps[1:], torch.randn(batch, 3, generator=generator))


@torch.no_grad()
def test_a_velocity_starts_a_map_that_jumps_with_it() -> None:
    plain, mapped = network(spans=False, calm=True, seed=4).eval(), network(spans=True).eval()
    mapped.start_from(plain)
    wanted = plain(*inputs(), whole(3))
    assert torch.equal(mapped(*inputs(), whole(3)), wanted)
    for span in (0.0, 0.2, 0.7):
        far = torch.full((3,), span)
        assert torch.allclose(mapped(*inputs(), whole(3), far), wanted, atol=1e-6)


@torch.no_grad()
def test_a_map_tells_time_in_slow_waves_and_imitates_a_velocity_that_does_not() -> None:
    plain, mapped = network(spans=False, seed=4).eval(), network(spans=True, fresh=True).eval()
    before = mapped.time(TIMES)
    mapped.start_from(plain)
    assert mapped.time.frequencies.max() < plain.time.frequencies.max() / 10
    wanted = plain.time(TIMES)
    assert (mapped.time(TIMES) - wanted).square().mean() < 0.7 * (before - wanted).square().mean()
    assert torch.equal(mapped.trunk.embed.weight, plain.trunk.embed.weight)


@torch.no_grad()
def test_slow_waves_imitate_what_is_slow() -> None:
    torch.manual_seed(0)
    slow, other = ScalarEmbedding(32, highest=2.0), ScalarEmbedding(32, highest=8.0)
    other.imitate(slow, ridge=1e-6)
    wanted = slow(TIMES)
    error = (other(TIMES) - wanted).square().mean() / (wanted - wanted.mean(dim=0)).square().mean()
    assert error < 1e-3


def test_a_trained_map_is_still_a_velocity_at_span_zero_and_starts_another_map(tmp_path: Path) -> None:
    net, _ = tuned(tmp_path, tuning_rate=0.1)
    net.requires_grad_(False)
    still = net(*inputs(), whole(3), torch.zeros(3))
    assert torch.allclose(still, net(*inputs(), whole(3)), atol=1e-6)
    assert not torch.allclose(net(*inputs(), whole(3), torch.full((3,), 0.7)), still, rtol=1e-3, atol=0.0)
    other = network(spans=True, seed=8).eval().requires_grad_(False)
    other.start_from(net)
    far = torch.full((3,), 0.7)
    assert torch.equal(other(*inputs(), whole(3), far), net(*inputs(), whole(3), far))


def test_networks_without_spans_keep_their_weights_and_numbers(tmp_path: Path) -> None:
    """A folder written before there were spans has no such key in its configuration."""
    net = network(spans=False).eval()
    assert not [name for name in net.state_dict() if name.startswith("span.")]
    net.save_pretrained(tmp_path)
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"spans": false,', ""))
    assert "spans" not in config.read_text()
    back = FlowModel.from_pretrained(tmp_path).eval()
    assert back.config["spans"] is False
    with torch.no_grad():
        assert torch.equal(back(*inputs(), whole(3)), net(*inputs(), whole(3)))


def test_same_seed_same_map_and_a_killed_training_resumes_to_it(tmp_path: Path) -> None:
    wanted = tuned(tmp_path / "whole")[0].state_dict()
    with pytest.raises(Killed):
        tuned(tmp_path / "killed", kill_at=1)
    found = tuned(tmp_path / "killed", resume=True)[0].state_dict()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)
    other = tuned(tmp_path / "other", seed=1)[0].state_dict()
    assert not torch.equal(other["trunk.embed.weight"], wanted["trunk.embed.weight"])


def test_with_the_flow_as_target_its_velocity_is_kept(tmp_path: Path) -> None:
    """The start is the target: windows with r = t have no error at first, jumps have."""
    _, seen = tuned(tmp_path, start=network(spans=False, calm=True, seed=4), map_target="flow")
    assert seen[0]["velocity_error"] < 1e-9
    assert seen[0]["jump_error"] > 1e-3


def test_with_the_flow_as_target_a_killed_training_resumes_to_the_same_map(tmp_path: Path) -> None:
    start = network(spans=False, calm=True, seed=4)
    wanted = tuned(tmp_path / "whole", start=start, map_target="flow")[0].state_dict()
    with pytest.raises(Killed):
        tuned(tmp_path / "killed", start=start, map_target="flow", kill_at=1)
    found = tuned(tmp_path / "killed", start=start, map_target="flow", resume=True)[0].state_dict()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)


@pytest.mark.parametrize(("share", "wanted"), [(0.0, {"velocity_error"}), (1.0, {"jump_error"})])
def test_the_share_of_jumps_is_kept(tmp_path: Path, share: float, wanted: set[str]) -> None:
    _, seen = tuned(tmp_path, jump_share=share)
    assert all(set(figures) - {"loss"} == wanted for figures in seen)
