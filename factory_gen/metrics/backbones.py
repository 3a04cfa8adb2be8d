"""The networks that pictures can be judged with: the packaged one, and two that need a file of the user's.

Nothing is fetched. Files are safetensors only, which cannot run anything when they are read; `docs/how_to/judges.md`
says how to make them from the published weights. A file must hold every tensor under its right name and shape,
but whether the numbers are the published ones is in the user's hands: nobody can tell from the file alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from factory_gen.checks import check_choice
from factory_gen.errors import InputRefused, IntegrityError
from factory_gen.metrics.clip import ClipFeatures
from factory_gen.metrics.features import FEATURES_NAME, FeatureNet, FrozenFeatures
from factory_gen.metrics.inception import InceptionFeatures


@dataclass(frozen=True)
class Backbone:
    """One way to describe pictures.

    Attributes:
        title: what every figure made with it says, for instance in ``KID (Inception features)``.
        file: name of the weights file; empty where the weights are installed with the program.
        make: makes the network.
    """

    title: str
    file: str
    make: Callable[[], FrozenFeatures]


BACKBONES: dict[str, Backbone] = {
    "efficientnet-lite0": Backbone(FEATURES_NAME, "", FeatureNet),
    "inception": Backbone("Inception features", "inception-2015-12-05.safetensors", InceptionFeatures),
    "clip": Backbone("CLIP features", "clip-vit-large-patch14-336.safetensors", ClipFeatures),
}


def load_backbone(
    name: str, folder: Path | None = None, device: str | torch.device = "cpu"
) -> FrozenFeatures:
    """A frozen network by its name in `BACKBONES`.

    Args:
        name: key of `BACKBONES`.
        folder: where the weights files are; not needed for the packaged network.
        device: where the network goes.

    Raises:
        UsageError: unknown name.
        InputRefused: the weights file is not there.
        IntegrityError: the file is damaged, or its tensors do not fit the network.
    """
    check_choice(name, BACKBONES, "features")
    backbone = BACKBONES[name]
    if not backbone.file:
        return backbone.make().to(device)
    path = None if folder is None else folder / backbone.file
    if path is None or not path.is_file():
        raise InputRefused(
            expected=f"the weights of the {backbone.title} as {backbone.file}",
            found="no weights folder" if folder is None else f"no such file in {folder}",
            action="Make the file as docs/how_to/judges.md says, or use the packaged efficientnet-lite0.",
        )
    network = backbone.make()
    fill(network, path)
    return network.to(device)


def fill(network: FrozenFeatures, path: Path) -> None:
    """Put the tensors of a safetensors file into `network.net`; extra tensors are refused as missing ones are.

    Raises:
        IntegrityError: the file is damaged, or its tensors do not fit the network.
    """
    try:
        stored = load_file(path)
    except SafetensorError as error:
        raise _unfit(path, f"a file that cannot be read ({error})") from error
    tensors = network.own_names(stored)
    wanted = network.net.state_dict()
    # Counters of training batches: some conversions keep them, and nothing reads them.
    counters = {key: value for key, value in wanted.items() if key.endswith("num_batches_tracked")}
    tensors = counters | tensors
    problem = _difference(wanted, tensors)
    if problem:
        raise _unfit(path, problem)
    network.net.load_state_dict(tensors)


def _difference(wanted: dict[str, Tensor], found: dict[str, Tensor]) -> str:
    """The first thing that does not fit, in words; empty when all does."""
    if missing := sorted(wanted.keys() - found.keys()):
        return f"{len(missing)} tensors missing, for instance {missing[0]}"
    if extra := sorted(found.keys() - wanted.keys()):
        return f"{len(extra)} tensors that do not belong, for instance {extra[0]}"
    for name, tensor in wanted.items():
        if found[name].shape != tensor.shape:
            return f"{name} of shape {tuple(found[name].shape)} instead of {tuple(tensor.shape)}"
        if found[name].is_floating_point() and not bool(torch.isfinite(found[name]).all()):
            return f"{name} with values that are no numbers"
    return ""


def _unfit(path: Path, found: str) -> IntegrityError:
    return IntegrityError(
        expected=f"{path.name} with all tensors of its network",
        found=found,
        action="Make the file again as docs/how_to/judges.md says.",
    )
