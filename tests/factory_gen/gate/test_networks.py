"""The trained inspectors: pretrained weights arrive, they learn, they score at native size, seeds decide."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
import torch

from factory_gen.errors import InputRefused, IntegrityError
from factory_gen.gate.arms import ARMS
from factory_gen.gate.batches import BatchStream, Plan, Pools
from factory_gen.gate.classification import Classification
from factory_gen.gate.encoder import load_weights
from factory_gen.gate.inspector import Training, image_score, no_tell
from factory_gen.gate.inspectors import make_inspector
from factory_gen.gate.pictures import GatePicture, trim
from factory_gen.gate.segmentation import Segmentation, build, schedule_at, segmentation_loss
from factory_gen.gate.tiling import LARGEST, score_map, tiles
from factory_gen.metrics.features import FeatureNet
from tests.factory_gen.gate.drawn_defects import SIDE, TYPES, plates

PLAN = Plan(window=32, batch=6, extra=0.5, mix=dict.fromkeys(TYPES, 0.5))


def stream() -> BatchStream:
    ours = plates(3, groups=3, prefix="s", goods=False)
    return BatchStream(Pools(plates(1, groups=3), ours), ARMS["synthetic"], PLAN, 0, TYPES)


@pytest.mark.parametrize("inspector", [Segmentation, Classification])
def test_a_network_learns_and_scores(inspector: type[Segmentation] | type[Classification]) -> None:
    heard: list[int] = []
    training = Training(16, PLAN.batch, PLAN.window, 1e-3, seed=0)
    trained = inspector().train(stream(), training, lambda step, _loss: heard.append(step))
    assert heard == list(range(16))
    assert np.mean(trained.losses[-5:]) < np.mean(trained.losses[:3])
    assert trained.sample_losses and all(key.startswith("s") for key in trained.sample_losses)
    picture = plates(5, groups=1)[0]
    (scores,) = trained.score([picture])
    assert 0 <= scores.image <= 1
    if inspector is Segmentation:
        assert scores.pixels is not None and scores.pixels.shape == (SIDE, SIDE)
    else:
        assert scores.types is not None and set(scores.types) == set(TYPES)


@pytest.mark.parametrize(("move", "axis"), [("flip-x", 1), ("flip-y", 0)])
def test_a_mirrored_picture_is_scored_as_the_picture_where_the_part_may_be_mirrored(
    move: str, axis: int
) -> None:
    # A side that no padding makes lopsided.
    pixels = plates(5, groups=1)[0].pixels[:32, :32]
    picture, mirrored = (
        GatePicture("p", "g", np.ascontiguousarray(own)) for own in (pixels, np.flip(pixels, axis))
    )
    apart = {}
    for moves in ((), (move,)):
        training = Training(4, PLAN.batch, PLAN.window, 1e-3, seed=0, moves=moves)
        trained = Segmentation().train(stream(), training, no_tell)
        own, other = (scores.pixels for scores in trained.score([picture, mirrored]))
        assert own is not None and other is not None
        apart[moves] = float(np.abs(np.flip(other, axis) - own).max())
    assert apart[(move,)] < 1e-5 < 1e-3 < apart[()]


def test_the_encoder_starts_from_the_packaged_weights_and_the_seed_makes_the_rest() -> None:
    first, again, other = (build(seed).state_dict() for seed in (0, 0, 1))
    stored = FeatureNet().net.state_dict()
    shared = [name for name in stored if f"encoder.model.{name}" in first]
    assert len(shared) > 200
    for name in shared:
        torch.testing.assert_close(first[f"encoder.model.{name}"], stored[name])
    head = "segmentation_head.0.weight"
    torch.testing.assert_close(first[head], again[head])
    assert not torch.equal(first[head], other[head])


def test_building_a_network_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    build(0)
    assert torch.equal(torch.rand(1), expected)


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(IntegrityError, match="without"):
        load_weights(torch.nn.Linear(2, 2))


def test_the_loss_of_known_logits() -> None:
    mask = torch.zeros(2, 1, 4, 4)
    mask[0, :, :2] = 1
    sure = (mask * 2 - 1) * 30
    masked = torch.tensor([True, True])
    loss, each = segmentation_loss(sure, mask, masked)
    assert float(loss) == pytest.approx(0, abs=1e-5)
    loss, each = segmentation_loss(torch.zeros_like(mask), mask, masked)
    assert each.tolist() == pytest.approx([np.log(2)] * 2)
    # In the window with a defect half of 16 pixels is 8, the mask has 8, their product 4; the other does not count.
    assert float(loss) == pytest.approx(np.log(2) + 1 - (2 * 4 + 1) / (8 + 8 + 1))


def test_a_small_defect_counts_as_much_as_a_large_one() -> None:
    mask = torch.zeros(2, 1, 16, 16)
    mask[0, :, :12] = 1
    mask[1, :, 5:7, 5:7] = 1
    masked = torch.tensor([True, True])
    sure = (mask * 2 - 1) * 30
    losses = []
    for missed in (0, 1):
        logits = sure.clone()
        logits[missed] = -30
        loss, each = segmentation_loss(logits, mask, masked)
        losses.append(float(loss - each.mean()))
    assert losses == pytest.approx([0.5, 0.5], abs=0.11)


def test_a_window_without_a_known_mask_does_not_count() -> None:
    mask = torch.zeros(2, 1, 4, 4)
    logits = torch.stack([torch.full((1, 4, 4), -30.0), torch.full((1, 4, 4), 30.0)])
    loss, _ = segmentation_loss(logits, mask, torch.tensor([True, False]))
    assert float(loss) == pytest.approx(0, abs=1e-5)


def test_the_schedule_rises_and_falls() -> None:
    assert schedule_at(0.0) < schedule_at(0.04) < schedule_at(0.06) == pytest.approx(1, abs=0.01)
    assert schedule_at(1.0) == pytest.approx(0.01)
    assert schedule_at(0.5) == pytest.approx(0.51, abs=0.05)


@pytest.mark.parametrize("size", [(20, 30), (97, 64), (LARGEST + 50, 100), (700, 1500)])
def test_every_pixel_is_scored_once_whatever_the_size(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)

    def brightness(windows: np.ndarray) -> np.ndarray:
        assert windows.shape[1] % 32 == 0 and windows.shape[2] % 32 == 0
        assert max(windows.shape[1:3]) <= LARGEST
        return windows.mean(axis=3) * 0.5 + 0.5

    found = score_map(GatePicture("p", "g", pixels), brightness)
    np.testing.assert_allclose(found, pixels / 255, atol=1e-6)


def test_tiles_cover_and_overlap() -> None:
    corners = sorted({y for y, _ in tiles(1000, 64, (300, 64), 64)})
    assert corners[0] == 0 and corners[-1] == 700
    assert all(later - earlier <= 236 for earlier, later in pairwise(corners))


def test_a_pictures_score_needs_more_than_one_hot_pixel() -> None:
    one, many = np.zeros((64, 64)), np.zeros((64, 64))
    one[3, 3] = 1.0
    many[:8, :4] = 1.0
    assert image_score(one) == pytest.approx(1 / 32)
    assert image_score(many) == 1.0


def test_a_picture_is_cut_to_what_its_windows_may_show() -> None:
    pixels, mask = np.arange(200 * 300, dtype=np.uint16).reshape(200, 300), np.zeros((200, 300), dtype=bool)
    mask[100:110, 50:60] = True
    cut = trim(GatePicture("p", "g", pixels, 16, {"dent": mask}), 32)
    assert cut.size == (74, 74)
    assert cut.masks["dent"].sum() == mask.sum()
    assert cut.pixels[32, 32] == pixels[100, 50]


def test_the_anomaly_inspector_says_what_it_lacks_or_learns() -> None:
    """anomalib installs apart: without it the refusal is in words, with it the network learns."""
    if find_spec("anomalib") is None:
        with pytest.raises(InputRefused, match=r"pip install 'factory-gen\[anomaly\]'"):
            make_inspector("anomaly")
        return
    with pytest.raises(InputRefused, match="windows of 128"):
        make_inspector("anomaly").train(stream(), Training(4, 6, 32, 1e-3, seed=0), no_tell)
    large = BatchStream(Pools(plates(1, groups=3)), ARMS["real"], replace(PLAN, window=128), 0, TYPES)
    trained = make_inspector("anomaly").train(large, Training(4, 6, 128, 1e-3, seed=0), no_tell)
    (scores,) = trained.score(plates(5, groups=1)[:1])
    assert scores.pixels is not None and scores.pixels.shape == (SIDE, SIDE)
