"""Readings of drawn pictures: what light, blur and a turn do to them, and that they survive being written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from factory_gen.autoencoder.model import PartAutoencoder
from factory_gen.drift.look import Looker, negative_likelihood, plain_figures
from factory_gen.drift.readings import INDICATORS, Readings, join, load
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartImage
from factory_gen.metrics.features import FeatureNet
from factory_gen.prior.model import PriorModel
from tests.factory_gen.drift.drawn_readings import draw


def lines(number: int, angle: float = 90.0, side: int = 48) -> np.ndarray:
    """A picture of parallel lines with some grain."""
    y, x = np.mgrid[:side, :side]
    turned = np.deg2rad(angle)
    wave = np.sin((x * np.sin(turned) + y * np.cos(turned)) * 0.6)
    grain = np.random.default_rng(number).normal(size=(side, side)) * 4
    return np.clip(110 + 50 * wave + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("base", [0.0, 90.0], ids=["lying", "standing"])
def test_direction_moves_with_a_turn_whether_lines_lie_or_stand(base: float) -> None:
    straight, left, right = (
        plain_figures(PartImage("a", lines(1, base + turn)))[2] for turn in (0.0, 5.0, -5.0)
    )
    assert abs(straight) < 0.03
    assert min(abs(left), abs(right)) > 0.1
    assert left * right < 0


def test_light_moves_brightness_alone_and_blur_moves_sharpness_alone() -> None:
    pixels = lines(2)
    plain = plain_figures(PartImage("a", pixels))
    bright = plain_figures(PartImage("a", np.clip(pixels * 1.15, 0, 255).astype(np.uint8)))
    soft = plain_figures(PartImage("a", cv2.GaussianBlur(pixels, (0, 0), 2.0)))
    assert np.isclose(bright[0], plain[0] * 1.15, rtol=0.02)
    assert abs(bright[1] - plain[1]) < 0.05
    assert soft[1] < plain[1] - 0.5
    assert np.isclose(soft[0], plain[0], atol=0.01)


def test_sixteen_bits_and_colour_give_the_same_figures() -> None:
    pixels = lines(3)
    wanted = plain_figures(PartImage("a", pixels))
    deep = PartImage("a", pixels.astype(np.uint16) * 257, bit_depth=16)
    colour = PartImage("a", np.repeat(pixels[:, :, None], 3, axis=2))
    for image in (deep, colour):
        assert np.allclose(plain_figures(image), wanted, atol=1e-4)


@pytest.fixture(scope="module")
def looker() -> Looker:
    torch.manual_seed(0)
    coder = PartAutoencoder(latent_channels=2, width_half=8, width_quarter=8, blocks=1).eval()
    prior = PriorModel(2, 8, 2, code_size=4, width=16, depth=1, heads=2).eval()
    return Looker(coder, prior, FeatureNet(), 32, 1, torch.device("cpu"))


def test_readings_have_every_indicator_and_depend_on_nothing_but_the_picture(looker: Looker) -> None:
    images = [PartImage(f"{number}.png", lines(number)) for number in range(5)]
    found = looker.look(images, ["g"] * 5, [True, *[False] * 4])
    assert (*found.figures, "features") == INDICATORS
    assert found.features.shape == (5, 1280)
    again = looker.look(images[3:], ["g"] * 2, [False] * 2)
    for name, values in again.figures.items():
        assert np.allclose(values, found.figures[name][3:], atol=1e-4)
    assert np.allclose(again.features, found.features[3:], atol=1e-3)
    smaller_than_a_window = looker.look([PartImage("s", lines(9, side=32)[:20])], ["g"], [False])
    assert len(smaller_than_a_window) == 1


def test_the_prior_is_asked_about_each_window_alone(looker: Looker) -> None:
    latent = torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        together = negative_likelihood(looker.prior, latent)
        alone = negative_likelihood(looker.prior, latent[1:2])
        unlikely = negative_likelihood(looker.prior, latent * 5)
    assert torch.allclose(together[1], alone[0], atol=1e-4)
    assert bool((unlikely > together).all())


def test_readings_are_kept_and_a_broken_file_is_no_readings(tmp_path: Path) -> None:
    found = draw(np.random.default_rng(0), 9, per_group=2, seen=3)
    path = tmp_path / "m" / "r.npz"
    assert load(path) is None
    found.save(path)
    back = load(path)
    assert back is not None
    assert (back.names, back.groups) == (found.names, found.groups)
    assert np.array_equal(back.features, found.features)
    assert all(np.array_equal(back.figures[name], values) for name, values in found.figures.items())
    path.write_bytes(path.read_bytes()[:-400])
    assert load(path) is None


def test_parts_of_readings_go_together_again() -> None:
    found = draw(np.random.default_rng(0), 9)
    both = join([found.part(slice(0, 4)), found.part(np.arange(4, 9))])
    assert both.names == found.names
    assert np.array_equal(both.figures["brightness"], found.figures["brightness"])


@pytest.mark.parametrize("break_it", ["a figure less", "no number"])
def test_readings_that_do_not_fit_are_refused(break_it: str) -> None:
    found = draw(np.random.default_rng(0), 5)
    values = found.figures["brightness"][:4] if break_it == "a figure less" else np.full(5, np.nan)
    with pytest.raises(InputRefused):
        Readings(found.names, found.groups, found.seen, {"brightness": values}, found.features)
