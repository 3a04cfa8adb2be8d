"""The generator as one object, in the manner of a diffusers pipeline.

generator = Generator.from_pretrained("models/tile-1")
out = generator(image, mask, "crack", generator=torch.Generator().manual_seed(7), steps=4)
out.images[0]                                   # same size, depth and channels; changed only under the mask
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from factory_gen.autoencoder.grain import draw_noise
from factory_gen.checks import check_choice
from factory_gen.errors import NoDevice
from factory_gen.images.windows import unstack
from factory_gen.nets.condition import MASK_CHANNELS, Conditions
from factory_gen.sampler.inpaint import DefectRequest, DrawnDefect, draw_defects
from factory_gen.sampler.latent_draw import SolverChoice, draw_latents
from factory_gen.sampler.parts import Parts, load_parts, save_parts
from factory_gen.sampler.recipe import PASTE, GenerateSettings
from factory_gen.sampler.window_draw import DrawChoice

GRAINS = ("network", "noise", "none")


@dataclass(frozen=True)
class GeneratorOutput:
    """What a call gives.

    Attributes:
        images: pictures of the input's shape and type.
        seeds: seed of each.
    """

    images: list[np.ndarray]
    seeds: list[int]


def pick_device(name: str) -> torch.device:
    """The device called "auto", "cpu" or "cuda".

    Raises:
        NoDevice: CUDA was asked for and is not there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise NoDevice(
            expected="a CUDA device", found="none", action="Use --device cpu, or check the driver."
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


class Generator:
    """Draws defects and whole windows of one part.

    Args:
        parts: the trained networks.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.settings = GenerateSettings(**parts.facts.recipe.get("generate", {}))

    @classmethod
    def from_pretrained(cls, folder: str | Path, device: str = "auto") -> Generator:
        """Load a model folder; every file's hash is checked first.

        Raises:
            IntegrityError: the folder is damaged or no model.
            NoDevice: the device is not there.
        """
        return cls(load_parts(Path(folder), pick_device(device)))

    def save_pretrained(self, folder: str | Path) -> str:
        """Write a model folder; returns the SHA-256 of its manifest."""
        return save_parts(self.parts, Path(folder))

    @property
    def device(self) -> torch.device:
        """Where the networks lie."""
        return self.parts.references.mean.device

    @property
    def types(self) -> tuple[str, ...]:
        """Defect types that can be asked for."""
        return self.parts.facts.types[1:]

    def choice(
        self,
        *,
        steps: int | None = None,
        solver: str | None = None,
        guidance_scale: float | None = None,
        codes: str | None = None,
        candidates: int | None = None,
        keep: float | None = None,
        feather: float | None = None,
        overdraw: int | None = None,
        trim: bool | None = None,
    ) -> DrawChoice:
        """How to draw: the recipe's settings where nothing else is said; `keep` counts with codes "paste" alone."""
        own = self.settings
        solve = SolverChoice(
            solver or own.solver,
            steps or own.steps,
            own.guidance if guidance_scale is None else guidance_scale,
        )
        source = codes or own.codes
        kept = (own.keep if keep is None else keep) if source == PASTE else 0.0
        return DrawChoice(
            solver=solve,
            codes=source,
            candidates=candidates or own.candidates,
            margin=own.margin,
            gain=own.gain,
            feather=own.feather if feather is None else feather,
            overdraw=own.overdraw if overdraw is None else overdraw,
            keep=kept,
            trim=own.trim if trim is None else trim,
        )

    def __call__(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        defect_type: str,
        *,
        generator: torch.Generator | int = 0,
        count: int = 1,
        bit_depth: int | None = None,
        strength: float | None = None,
        steps: int | None = None,
        solver: str | None = None,
        guidance_scale: float | None = None,
        codes: str | None = None,
        callback: Callable[[int, int], None] | None = None,
    ) -> GeneratorOutput:
        """Draw a defect into a picture.

        Args:
            image: (H,W) or (H,W,3), uint8 or uint16.
            mask: (H,W) bool; the defect fills it.
            defect_type: one of `types`.
            generator: seed, or a torch generator that gives the seeds.
            count: variants.
            bit_depth: significant bits; by default all of the type's.
            strength: contrast as a rank in [0,1] among the real defects; None draws one.
            steps: calls of the flow network.
            solver: step rule.
            guidance_scale: type guidance; 1 is off.
            codes: where z comes from.
            callback: called with (done, count) after each variant.

        Returns:
            `GeneratorOutput`; outside the mask every image equals the input bit for bit.

        Raises:
            UsageError: unknown type or solver, mask of another size.
        """
        source = torch.Generator().manual_seed(generator) if isinstance(generator, int) else generator
        seeds = [int(torch.randint(0, 2**62, (1,), generator=source).item()) for _ in range(count)]
        depth = bit_depth or 8 * image.dtype.itemsize
        choice = self.choice(
            steps=steps, solver=solver, guidance_scale=guidance_scale, codes=codes, trim=False
        )
        images: list[np.ndarray] = []
        for seed in seeds:
            request = DefectRequest(image, depth, mask, defect_type, strength, seed)
            images += [d.pixels for d in self.draw([request], choice)]
            if callback is not None:
                callback(len(images), count)
        return GeneratorOutput(images, seeds)

    def draw(self, requests: Sequence[DefectRequest], choice: DrawChoice) -> list[DrawnDefect]:
        """Draw many requests together (see `sampler.inpaint.draw_defects`)."""
        return draw_defects(self.parts, requests, choice)

    @torch.no_grad()
    def whole_windows(
        self,
        count: int,
        *,
        generator: torch.Generator,
        kind: str = "good",
        steps: int | None = None,
        solver: str | None = None,
        grain: str | None = None,
    ) -> np.ndarray:
        """Unconditional windows (or whole parts, for a model of view "whole"): (count,S,S,C) float32 in [-1,1].

        Grain is restored where that was found to help this part, unless `grain` says otherwise.
        """
        conditions = self.whole_conditions(count, kind)
        code = self.parts.codes.sample(conditions, generator)
        noise = torch.randn(conditions.context.shape, generator=generator).to(self.device)
        latent = draw_latents(
            self.parts, code, conditions, noise, self.choice(steps=steps, solver=solver).solver
        )
        return self.render(latent, generator, grain)

    def whole_conditions(self, count: int, kind: str = "good") -> Conditions:
        """Conditions of windows that are all hole, without surroundings or mask."""
        size = self.parts.facts.window // self.parts.autoencoder.factor
        zeros = torch.zeros(count, self.parts.autoencoder.latent_channels, size, size, device=self.device)
        return Conditions(
            zeros,
            torch.ones_like(zeros[:, :1]),
            torch.zeros(count, MASK_CHANNELS, size, size, device=self.device),
            torch.full((count,), self.parts.facts.types.index(kind), dtype=torch.long, device=self.device),
            torch.full((count,), float("nan"), device=self.device),
        )

    @torch.no_grad()
    def render(
        self, latent_BKhw: torch.Tensor, noise: torch.Generator, grain: str | None = None
    ) -> np.ndarray:
        """Decode latents and restore the grain: (B,S,S,C) float32 in [-1,1].

        Args:
            latent_BKhw: standardised latents.
            noise: source of the grain.
            grain: "network", "noise" or "none"; by default what the model was found to need.
        """
        decoded = torch.cat([self.parts.autoencoder.decode(chunk) for chunk in latent_BKhw.split(64)])
        return unstack((decoded + self.grain(decoded, noise, grain)).clamp(-1.0, 1.0))

    def grain(
        self, decoded_BCHW: torch.Tensor, noise: torch.Generator, grain: str | None = None
    ) -> torch.Tensor:
        """Residual (B,C,S,S) to add to decoded windows; see `render` for the kinds."""
        kind = self.parts.facts.grain if grain is None else grain
        check_choice(kind, GRAINS, "grain")
        if kind == "none":
            return torch.zeros_like(decoded_BCHW)
        if kind == "noise":
            drawn = torch.randn(decoded_BCHW.shape, generator=noise).to(self.device)
            return self.parts.facts.grain_spread * drawn
        maps = [n.to(self.device) for n in draw_noise(decoded_BCHW.shape[0], decoded_BCHW.shape[-1], noise)]
        residual: torch.Tensor = self.parts.grain(decoded_BCHW, maps)
        return residual
