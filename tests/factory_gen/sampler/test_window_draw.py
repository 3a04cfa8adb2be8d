"""A defect over several windows: one look, no border between them, one strength; checked with a decoder that tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from factory_gen.errors import UsageError
from factory_gen.nets.condition import Conditions
from factory_gen.sampler import window_draw
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.inpaint import DefectRequest, whole_cells
from factory_gen.sampler.parts import Parts
from tests.factory_gen.sampler.tiny_model import tiny_fit

WINDOW = 32


class LevelPrior(torch.nn.Module):
    """A prior whose mean is one level per window, another for each of them: the worst case for borders."""

    code_size = 8

    def __init__(self, step: float) -> None:
        super().__init__()
        self.step = step
        self.codes: list[torch.Tensor] = []

    def decode(self, code: torch.Tensor, conditions: Conditions) -> tuple[torch.Tensor, torch.Tensor]:
        self.codes.append(code)
        levels = self.step * torch.arange(len(code)) - 2.0
        mean = levels[:, None, None, None].expand(conditions.context.shape).contiguous()
        return mean, torch.full_like(mean, -20.0)


class LevelAutoencoder:
    """Four pixels per cell; a latent is the mean of its pixels in every channel."""

    factor, latent_channels = 4, 4

    @staticmethod
    def encode(windows: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(windows, 4).repeat(1, 4, 1, 1)

    @staticmethod
    def decode(latent: torch.Tensor) -> torch.Tensor:
        return latent.mean(dim=1, keepdim=True).repeat_interleave(4, 2).repeat_interleave(4, 3) * 0.1


class Still(torch.nn.Module):
    """A flow that moves nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.config = {"spans": False}

    def forward(self, x: torch.Tensor, *told: object) -> torch.Tensor:
        return torch.zeros_like(x)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return tiny_fit(tmp_path_factory.mktemp("fit")).parts


def telling(parts: Parts, step: float) -> Parts:
    facts = replace(parts.facts, contrasts={})
    return replace(
        parts,
        autoencoder=LevelAutoencoder(),
        prior=LevelPrior(step),
        flow=Still(),
        facts=facts,
        grain=parts.grain,
    )


def long_mask() -> np.ndarray:
    mask = np.zeros((40, 90), dtype=bool)
    mask[8:32, 4:86] = True
    return mask


def test_windows_that_disagree_give_a_slope_and_no_border(trained: Parts) -> None:
    mask = long_mask()
    source = np.full(mask.shape, 128, dtype=np.uint8)
    generator = Generator(telling(trained, step=2.0))
    drawn = generator.draw([DefectRequest(source, 8, mask, "pit", None, 3)], generator.choice())[0]
    assert drawn.windows >= 3
    row = drawn.pixels[20, 8:82].astype(float)
    # Levels of neighbouring windows lie 0.2 apart, which is 25 grey levels at once where there is a border.
    assert row.max() - row.min() > 20
    assert np.abs(np.diff(row)).max() < 13


def test_one_code_for_all_windows_of_a_defect(trained: Parts) -> None:
    mask = long_mask()
    source = np.full(mask.shape, 128, dtype=np.uint8)
    parts = telling(trained, step=0.1)
    generator = Generator(parts)
    requests = [
        DefectRequest(source, 8, mask, "pit", None, 3),
        DefectRequest(source, 8, mask, "dent", None, 4),
    ]
    drawn = generator.draw(requests, generator.choice())
    used = parts.prior.codes[-1]
    assert len(used) == sum(one.windows for one in drawn)
    first = used[: drawn[0].windows]
    assert torch.equal(first, first[:1].expand_as(first))
    assert not torch.equal(used[0], used[-1])


def test_a_defect_of_very_many_windows_goes_through_in_passes(
    trained: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = np.zeros((150, 160), dtype=bool)
    mask[5:145, 5:155] = True
    source = np.random.default_rng(1).integers(80, 120, mask.shape).astype(np.uint8)
    request = DefectRequest(source, 8, mask, "pit", None, 3)
    whole = Generator(trained).draw([request], Generator(trained).choice())[0]
    monkeypatch.setattr("factory_gen.sampler.latent_draw.PASS", 7)
    parted = Generator(trained).draw([request], Generator(trained).choice())[0]
    assert whole.windows > 7
    assert int(np.abs(whole.pixels.astype(int) - parted.pixels.astype(int)).max()) <= 1


def test_the_teller_shows_defect_and_surroundings(trained: Parts) -> None:
    generator = Generator(trained)
    mask = np.zeros((96, 96), dtype=bool)
    mask[:, :60] = True
    shares: list[float] = []
    choose = window_draw.propose_codes

    def spy(parts: Parts, conditions: Conditions, *rest: object) -> torch.Tensor:
        shares.append(float(conditions.mask.mean()))
        return choose(parts, conditions, *rest)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window_draw, "propose_codes", spy)
        generator.draw(
            [DefectRequest(np.full((96, 96), 90, np.uint8), 8, mask, "pit", None, 1)], generator.choice()
        )
    # All other windows lie wholly in the defect.
    assert shares[0] < 0.95


@pytest.mark.parametrize("shape", [(30, 33), (32, 36), (31, 36, 1)])
def test_canvases_are_continued_to_whole_cells(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).random(shape)
    result = whole_cells(array, 4)
    assert result.shape[0] % 4 == result.shape[1] % 4 == 0
    assert result.shape[2:] == shape[2:]
    assert np.array_equal(result[: shape[0], : shape[1]], array)
    assert np.array_equal(result[-1, : shape[1]], array[-1])


def small_mask() -> np.ndarray:
    mask = np.zeros((40, 40), dtype=bool)
    mask[12:24, 12:24] = True
    return mask


class OwnCode(LevelPrior):
    """A prior that remembers what it was asked to encode, and whose mean is dark."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.seen: list[torch.Tensor] = []

    def encode(self, latent: torch.Tensor, conditions: Conditions) -> tuple[torch.Tensor, torch.Tensor]:
        self.seen.append(latent)
        zeros = torch.zeros(len(latent), self.code_size)
        return zeros, zeros - 20.0


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.9])
def test_a_pasted_defect_is_kept_as_far_as_asked(trained: Parts, keep: float) -> None:
    """With a flow that moves nothing, the result lies between the prior's dark mean and the bright paste."""
    parts = replace(telling(trained, 0.0), prior=OwnCode())
    generator, mask = Generator(parts), small_mask()
    source = np.full(mask.shape, 128, dtype=np.uint8)
    pasted = source.copy()
    pasted[mask] = 250
    request = DefectRequest(source, 8, mask, "pit", None, 3, pasted=pasted)
    drawn = generator.draw([request], generator.choice(codes="paste", keep=keep))[0].pixels.astype(float)
    # This decoder has a tenth of the picture's contrast.
    bright, dark = 128 + 0.1 * (250 - 128), 128 - 0.1 * 255
    expected = keep * bright + (1 - keep) * dark
    assert drawn[16:20, 16:20].mean() == pytest.approx(expected, abs=2.5)
    assert (drawn[~mask] == 128).all()
    assert float(parts.prior.seen[0].max()) > 0.9


def test_pasting_needs_something_to_paste(trained: Parts) -> None:
    generator, mask = Generator(trained), small_mask()
    source = np.full(mask.shape, 128, dtype=np.uint8)
    with pytest.raises(UsageError, match="0 for 1"):
        generator.draw([DefectRequest(source, 8, mask, "pit", None, 3)], generator.choice(codes="paste"))


def test_a_pasted_defect_of_many_windows(trained: Parts) -> None:
    mask = long_mask()
    source = np.random.default_rng(0).integers(100, 140, mask.shape).astype(np.uint8)
    pasted = source.copy()
    pasted[mask] = 40
    generator = Generator(trained)
    request = DefectRequest(source, 8, mask, "pit", None, 3, pasted=pasted)
    drawn = generator.draw([request], generator.choice(codes="paste", keep=0.7))[0]
    assert drawn.windows >= 3
    assert (drawn.pixels[~mask] == source[~mask]).all()
    assert (drawn.pixels != source)[mask].mean() > 0.5
