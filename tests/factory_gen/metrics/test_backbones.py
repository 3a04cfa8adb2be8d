"""The user's own weights: the right network, read from safetensors only, and refused when anything does not fit.

The published weights cannot be part of the tests; random ones show that layers, names and preparation are right.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from factory_gen.errors import InputRefused, IntegrityError, UsageError
from factory_gen.metrics.backbones import BACKBONES, fill, load_backbone
from factory_gen.metrics.clip import ClipFeatures
from factory_gen.metrics.features import FeatureNet, FrozenFeatures
from factory_gen.metrics.inception import InceptionFeatures, mean_without_edge

INCEPTION_FILE = BACKBONES["inception"].file
# What torch-fidelity 0.4.0 through torchmetrics' `NoTrainInceptionV3` gives for `known_weights` and `two_pictures`:
# features 0 to 3 and 2044 to 2047, and the mean of all 2,048.
FIDELITY = [
    [0.0236, 0.5881, 0.0455, 0.2592, 1.0558, 0.0000, 0.0000, 0.4695],
    [0.0301, 0.2493, 0.0147, 0.0751, 0.4152, 0.0000, 0.0000, 0.2004],
]
FIDELITY_MEANS = [0.1837, 0.0732]


def known_weights(network: FrozenFeatures) -> dict[str, torch.Tensor]:
    """Every convolution drawn anew from one generator, everything else as it is."""
    generator = torch.Generator().manual_seed(0)
    drawn = {}
    for name, value in network.net.state_dict().items():
        spread = (2 / value[0].numel()) ** 0.5 if name.endswith("conv.weight") else 0.0
        drawn[name] = torch.randn(value.shape, generator=generator) * spread if spread else value.clone()
    return drawn


def two_pictures() -> torch.Tensor:
    """Noise and a ramp, (2,3,64,80) in [-1, 1] on 8-bit levels."""
    generator = torch.Generator().manual_seed(1)
    levels = torch.randint(0, 256, (2, 3, 64, 80), generator=generator, dtype=torch.uint8)
    levels[1] = torch.arange(80, dtype=torch.uint8) * 3
    return levels.float() / 127.5 - 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold an Inception file as the known conversions have it: classifier included, no batch counters."""
    place = tmp_path_factory.mktemp("weights")
    tensors = known_weights(InceptionFeatures())
    kept = {name: value for name, value in tensors.items() if not name.endswith("num_batches_tracked")}
    classifier = {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    save_file(kept | classifier, place / INCEPTION_FILE)
    return place


def test_inception_gives_the_features_of_torch_fidelity(folder: Path) -> None:
    found = load_backbone("inception", folder)(two_pictures())
    assert found.shape == (2, 2048) and found.dtype == torch.float32
    ends = torch.cat([found[:, :4], found[:, -4:]], dim=1)
    torch.testing.assert_close(ends, torch.tensor(FIDELITY), atol=2e-4, rtol=1e-3)
    torch.testing.assert_close(found.mean(dim=1), torch.tensor(FIDELITY_MEANS), atol=2e-4, rtol=1e-3)


def test_means_at_the_edge_leave_out_what_does_not_exist() -> None:
    assert torch.equal(mean_without_edge(torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4))


def small_clip() -> ClipFeatures:
    torch.manual_seed(0)
    return ClipFeatures(side=56, features=12, depth=2, embed_dim=32, num_heads=4)


def openai_layout(network: ClipFeatures) -> dict[str, torch.Tensor]:
    """The tensors of a picture tower under OpenAI's names, next to a text tower."""
    names = {
        "patch_embed.proj": "conv1",
        "norm_pre": "ln_pre",
        "norm1": "ln_1",
        "norm2": "ln_2",
        "norm.": "ln_post.",
        "blocks.": "transformer.resblocks.",
        "attn.qkv.": "attn.in_proj_",
        "attn.proj": "attn.out_proj",
        "mlp.fc1": "mlp.c_fc",
        "mlp.fc2": "mlp.c_proj",
    }
    stored = {"transformer.resblocks.0.ln_1.weight": torch.ones(3), "logit_scale": torch.ones(())}
    for key, value in network.net.state_dict().items():
        name = key
        for ours, theirs in names.items():
            name = name.replace(ours, theirs)
        stored[f"visual.{name}"] = value
    stored["visual.proj"] = stored.pop("visual.head.weight").T.contiguous()
    stored["visual.class_embedding"] = stored.pop("visual.cls_token")[0, 0].contiguous()
    stored["visual.positional_embedding"] = stored.pop("visual.pos_embed")[0].contiguous()
    del stored["visual.head.bias"]
    return stored


@pytest.mark.parametrize("layout", ["timm", "openai"])
def test_clip_reads_both_layouts(tmp_path: Path, layout: str) -> None:
    source = small_clip()
    source.net.get_parameter("head.bias").zero_()
    tensors = source.net.state_dict() if layout == "timm" else openai_layout(source)
    save_file(dict(tensors), tmp_path / "clip.safetensors")
    torch.manual_seed(9)
    filled = ClipFeatures(side=56, features=12, depth=2, embed_dim=32, num_heads=4)
    assert not torch.equal(filled(two_pictures()), source(two_pictures()))
    fill(filled, tmp_path / "clip.safetensors")
    torch.testing.assert_close(filled(two_pictures()), source(two_pictures()))
    assert filled.embed(two_pictures().numpy()).shape == (2, 12)


def test_clip_sees_pictures_resized_and_set_against_its_own_mean() -> None:
    """A picture of CLIP's mean colour is all zeros to the network, whatever its size."""
    network = small_clip()
    mean = 2 * torch.tensor([0.48145466, 0.4578275, 0.40821073])[None, :, None, None] - 1
    wanted = network.net(torch.zeros(1, 3, 56, 56))
    torch.testing.assert_close(network(mean.expand(1, 3, 20, 33)), wanted, atol=1e-5, rtol=1e-4)


def test_clip_has_the_quick_gelu_it_was_trained_with() -> None:
    x = torch.linspace(-3, 3, 7)
    activation = small_clip().net.get_submodule("blocks.0.mlp.act")
    torch.testing.assert_close(activation(x), x * torch.sigmoid(1.702 * x))
    assert not torch.allclose(activation(x), F.gelu(x))


def test_positions_of_another_picture_size_are_refused_not_stretched(tmp_path: Path) -> None:
    other = ClipFeatures(side=70, features=12, depth=2, embed_dim=32, num_heads=4)
    save_file(other.net.state_dict(), tmp_path / "clip.safetensors")
    with pytest.raises(IntegrityError, match=r"pos_embed of shape \(1, 26, 32\)"):
        fill(small_clip(), tmp_path / "clip.safetensors")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"norm.weight": None}, r"1 tensors missing, for instance norm\.weight"),
        ({"surplus": torch.ones(1)}, "do not belong, for instance surplus"),
        ({"norm.weight": torch.ones(31)}, r"norm\.weight of shape \(31,\)"),
        ({"norm.weight": torch.full((32,), float("nan"))}, "no numbers"),
    ],
    ids=["missing", "extra", "shape", "nan"],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, change: dict[str, torch.Tensor | None], text: str
) -> None:
    tensors = {**small_clip().net.state_dict(), **change}
    path = tmp_path / "clip.safetensors"
    save_file({name: value for name, value in tensors.items() if value is not None}, path)
    with pytest.raises(IntegrityError, match=text):
        fill(small_clip(), path)


def test_a_damaged_file_and_a_pickle_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.safetensors"
    torch.save(small_clip().net.state_dict(), path)
    with pytest.raises(IntegrityError, match="cannot be read"):
        fill(small_clip(), path)


@pytest.mark.parametrize("name", [name for name, backbone in BACKBONES.items() if backbone.file])
@pytest.mark.parametrize("given", [True, False])
def test_a_missing_file_is_named(tmp_path: Path, name: str, given: bool) -> None:
    with pytest.raises(InputRefused, match=BACKBONES[name].file):
        load_backbone(name, tmp_path if given else None)


def test_the_packaged_network_needs_no_file_and_unknown_names_are_refused() -> None:
    assert isinstance(load_backbone("efficientnet-lite0"), FeatureNet)
    with pytest.raises(UsageError, match="clip, efficientnet-lite0, inception"):
        load_backbone("vgg")


@pytest.mark.parametrize("network", [small_clip, InceptionFeatures])
def test_judges_stay_in_evaluation_mode_and_learn_nothing(network: type[FrozenFeatures]) -> None:
    made = network()
    made.train()
    assert not made.training and not any(value.requires_grad for value in made.parameters())
