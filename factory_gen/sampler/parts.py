"""The trained parts of one model version: load, save, describe.

A model folder holds one sub-folder per network (safetensors and JSON, as diffusers writes them), `part.json` with what
is not a weight, `references.safetensors` with the codes of the real defects, and `manifest.json` with the SHA-256 of
every file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from factory_gen.autoencoder.grain import GrainNet
from factory_gen.autoencoder.model import PartAutoencoder
from factory_gen.errors import InputRefused, IntegrityError
from factory_gen.flow.model import FlowModel
from factory_gen.flow.source import SourceRule
from factory_gen.images.dataset import PartPictures
from factory_gen.nets.fast import fast_inference
from factory_gen.prior.codes import CodeSampler
from factory_gen.prior.model import PriorModel

MANIFEST = "manifest.json"
NETWORKS: dict[str, type[Any]] = {
    "autoencoder": PartAutoencoder,
    "grain": GrainNet,
    "prior": PriorModel,
    "codes": CodeSampler,
    "flow": FlowModel,
}


@dataclass(frozen=True)
class PartFacts:
    """What a model knows about its part, besides weights.

    Attributes:
        types: ``("good", <defect types>)``, in the order of the type index.
        channels: 1 or 3.
        window: side of a window in pixels.
        view: "window" (native resolution) or "whole" (the part resized to one window).
        source: "learned", "gaussian" or "gaussian-data".
        prior_scale: factor s on the prior's sigma.
        contrasts: per type, the contrasts of its real defects in rising order.
        figures: measured at the end of training.
        recipe: the recipe as a mapping.
        grain: how grain is restored: "network", "noise" (white, of the residual's spread) or "none"; whichever made
            autoencoded training windows most like real ones.
        grain_spread: standard deviation of what the autoencoder smooths away, in the window's units.
    """

    types: tuple[str, ...]
    channels: int
    window: int
    view: str
    source: str
    prior_scale: float
    contrasts: Mapping[str, tuple[float, ...]]
    figures: Mapping[str, float]
    recipe: Mapping[str, Any]
    grain: str = "network"
    grain_spread: float = 0.0

    @property
    def few(self) -> int:
        """Real defects per type that it may know; 0 for all."""
        return int(self.recipe.get("windows", {}).get("references", 0))


@dataclass(frozen=True)
class References:
    """Codes of real defects, one row per training defect.

    Attributes:
        mean, log_var: (N,Z) posterior of the code.
        kind: (N,) type index.
        data_mean, data_log_var: (K,h,w) of the training latents, for the "gaussian-data" source.
    """

    mean: torch.Tensor
    log_var: torch.Tensor
    kind: torch.Tensor
    data_mean: torch.Tensor
    data_log_var: torch.Tensor


@dataclass(frozen=True)
class Parts:
    """All trained networks of one model version, in eval mode, and what goes with them."""

    autoencoder: Any
    grain: GrainNet
    prior: PriorModel
    codes: CodeSampler
    flow: FlowModel
    facts: PartFacts
    references: References

    @property
    def source_rule(self) -> SourceRule:
        """Where this model's paths start."""
        refs = self.references
        return SourceRule(self.facts.source, self.facts.prior_scale, refs.data_mean, refs.data_log_var)

    def fast(self) -> AbstractContextManager[None]:
        """Context for the passes that training ran in bfloat16: no less precise than it, and faster."""
        wanted = self.facts.recipe.get("training", {}).get("precision") == "bf16"
        return fast_inference(self.references.mean.device, bf16=wanted)

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Networks by name."""
        return {name: getattr(self, name) for name in NETWORKS}


def save_parts(parts: Parts, folder: Path) -> str:
    """Write a model folder (which must not exist yet) in one rename; returns the SHA-256 of its manifest."""
    staging = folder.with_name(folder.name + ".part")
    staging.mkdir(parents=True)
    for name, network in parts.networks.items():
        network.save_pretrained(staging / name, safe_serialization=True)  # type: ignore[operator]
    tensors = {key: value.detach().cpu().contiguous() for key, value in vars(parts.references).items()}
    save_file(tensors, staging / "references.safetensors")
    (staging / "part.json").write_text(json.dumps(asdict(parts.facts), indent=2, sort_keys=True))
    files = sorted(path for path in staging.rglob("*") if path.is_file())
    hashes = {str(path.relative_to(staging)): _hash(path) for path in files}
    text = json.dumps(hashes, indent=2, sort_keys=True)
    (staging / MANIFEST).write_text(text)
    for path in [*files, staging / MANIFEST]:
        with path.open("rb") as handle:
            os.fsync(handle.fileno())
    staging.rename(folder)
    return hashlib.sha256(text.encode()).hexdigest()


def load_parts(folder: Path, device: torch.device | str = "cpu") -> Parts:
    """Read a model folder after checking every file's hash.

    Raises:
        IntegrityError: a file is missing, changed, or not a model of this product.
    """
    _check_manifest(folder)
    try:
        facts = json.loads((folder / "part.json").read_text())
        facts["types"] = tuple(facts["types"])
        facts["contrasts"] = {name: tuple(values) for name, values in facts["contrasts"].items()}
        networks = {name: _load(cls, folder / name).to(device).eval() for name, cls in NETWORKS.items()}
        references = References(**load_file(folder / "references.safetensors", device=str(device)))
        return Parts(**networks, facts=PartFacts(**facts), references=references)
    except (KeyError, TypeError, ValueError, OSError, SafetensorError, RuntimeError) as error:
        raise _damaged(folder, str(error).splitlines()[0] if str(error) else type(error).__name__) from error


def check_fine_tuning(facts: PartFacts, pictures: PartPictures, window: int) -> None:
    """Refuse to fine-tune a model with other types, channels or windows than these.

    Raises:
        InputRefused: they differ.
    """
    wanted = {"types": pictures.types, "channels": pictures.channels, "window": window}
    found = {"types": facts.types, "channels": facts.channels, "window": facts.window}
    if wanted != found:
        raise InputRefused(
            expected=f"a model to fine-tune from with {wanted}",
            found=str(found),
            action="Train afresh without --from, or choose a recipe and model that fit.",
        )


def _load(cls: type[Any], folder: Path) -> Any:
    return cls.from_pretrained(folder, local_files_only=True, low_cpu_mem_usage=False, use_safetensors=True)


def _check_manifest(folder: Path) -> None:
    try:
        hashes = json.loads((folder / MANIFEST).read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise _damaged(folder, "no readable manifest.json") from error
    for name, wanted in hashes.items():
        path = folder / name
        if not path.is_file():
            raise _damaged(folder, f"{name} is missing")
        if _hash(path) != wanted:
            raise _damaged(folder, f"{name} has changed since it was written")


def _damaged(folder: Path, found: str) -> IntegrityError:
    return IntegrityError(
        expected=f"a complete factory_gen model in {folder.name}",
        found=found,
        action="Use another model version, or train again.",
    )


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
