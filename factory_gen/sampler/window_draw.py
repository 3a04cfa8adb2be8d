"""Draws a batch of defects: conditions, one code each by contrast, latents, difference of decodings, one gain each.

A defect may need several windows. They are drawn together and agree where they overlap (`sampler/quilt.py`): the code,
the noise field and the gain belong to the defect, not to the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from factory_gen.errors import UsageError
from factory_gen.images.windows import cut, stack
from factory_gen.nets.condition import Conditions
from factory_gen.sampler.codes_choice import codes_of, nearest_to_target, propose_codes
from factory_gen.sampler.gain import Wanted, scaled
from factory_gen.sampler.latent_draw import SolverChoice, Toward, agreed_source, draw_latents, passes
from factory_gen.sampler.parts import Parts
from factory_gen.sampler.quilt import Quilt
from factory_gen.sampler.recipe import PASTE
from factory_gen.sampler.window_plan import WindowPlace
from factory_gen.stages import stage
from factory_gen.training.latents import build_conditions, hole_cells


@dataclass(frozen=True)
class DefectTask:
    """One defect to draw, on the piece of the picture that its windows cover.

    Attributes:
        canvas: (H,W,C) float32 in [-1,1], the picture as it stands; H and W are multiples of the latent cell.
        mask: (H,W) bool, the defect.
        told: (H,W) bool, the mask that the networks are told; see `overdraw` of `GenerateSettings`.
        weight: (H,W) float32, share of the drawn difference that is put in.
        region: (H,W) bool, the part (its backdrop is no surroundings to compare with).
        places: of the windows on the canvas.
        size: side S of a window.
        kind: type index.
        strength: contrast rank in [0,1]; NaN is not told.
        target: contrast to come near to; None takes the first code.
        shift: brightness step whose sign the defect should have; None for either.
        generator: this defect's randomness.
        pasted: (H,W,C) float32 in [-1,1], the canvas with a real defect under the mask; None where there is none.
    """

    canvas: np.ndarray
    mask: np.ndarray
    told: np.ndarray
    weight: np.ndarray
    region: np.ndarray
    places: Sequence[WindowPlace]
    size: int
    kind: int
    strength: float
    target: float | None
    shift: float | None
    generator: torch.Generator
    pasted: np.ndarray | None = None

    @property
    def wanted(self) -> Wanted:
        """What the drawn difference is judged by."""
        return Wanted(self.canvas, self.mask, self.weight, self.region, self.target, self.shift)

    def windows(self, array: np.ndarray, cell: int = 1) -> list[np.ndarray]:
        """Each window's piece of an array over the canvas (or over its cells of `cell` pixels)."""
        return [cut(array, p.top // cell, p.left // cell, self.size // cell) for p in self.places]


@dataclass(frozen=True)
class DrawChoice:
    """How defects are drawn; see `GenerateSettings` for the fields' meaning."""

    solver: SolverChoice
    codes: str
    candidates: int
    margin: int
    gain: float
    feather: float = 1.0
    overdraw: int = 0
    keep: float = 0.0
    trim: bool = False

    def facts(self) -> dict[str, Any]:
        """What names a request: without `trim` where it is off, so that older requests keep their names."""
        found = asdict(self)
        return found if self.trim else {name: value for name, value in found.items() if name != "trim"}


@torch.no_grad()
def draw_tasks(parts: Parts, tasks: Sequence[DefectTask], choice: DrawChoice) -> list[np.ndarray]:
    """Draw every task's defect; returns the new canvases (H,W,C) float32, unchanged where the weight is 0."""
    device, factor = parts.references.mean.device, parts.autoencoder.factor
    quilt = Quilt(
        [([(p.top, p.left) for p in t.places], *t.mask.shape) for t in tasks], tasks[0].size, factor
    )
    with stage("conditions"):
        conditions = _conditions(parts, tasks, choice.margin)
        windows = stack([window for task in tasks for window in task.windows(task.canvas)])
        known = torch.cat(
            [parts.autoencoder.encode(windows[rows].to(device)) for rows in passes(len(windows))]
        )
    with stage("decoder"):
        base = _decode(parts, known)
    with stage("codes"):
        toward = _toward(parts, tasks, quilt, choice)
        code = _choose_codes(parts, tasks, quilt, conditions, known, base, choice, toward)[quilt.owners]
    with stage("flow"):
        noise = quilt.noise(known.shape[1], [task.generator for task in tasks]).to(device)
        latent = draw_latents(parts, code, conditions, noise, choice.solver, agree=quilt.agree, toward=toward)
    with stage("decoder"):
        drawn = _decode(parts, torch.where(conditions.hole > 0, latent, known))
    with stage("composite"):
        return [
            scaled(task.wanted, difference.permute(1, 2, 0).cpu().numpy(), choice.gain)
            for task, difference in zip(tasks, quilt.merge(drawn - base), strict=True)
        ]


def _conditions(parts: Parts, tasks: Sequence[DefectTask], margin: int) -> Conditions:
    """Conditions of all windows; the hole is made on the canvas, so that windows agree on it."""
    factor = parts.autoencoder.factor
    owners = [task for task in tasks for _ in task.places]
    return build_conditions(
        [window for task in tasks for window in task.windows(task.canvas)],
        [mask for task in tasks for mask in task.windows(task.told)],
        [h for task in tasks for h in task.windows(hole_cells(task.told, margin, factor), factor)],
        [task.kind for task in owners],
        [task.strength for task in owners],
        parts.autoencoder.encode,
        factor,
        device=parts.references.mean.device,
    )


def _toward(parts: Parts, tasks: Sequence[DefectTask], quilt: Quilt, choice: DrawChoice) -> Toward | None:
    """The latents of the pasted defects, where these are asked for."""
    if choice.codes != PASTE:
        return None
    pasted = [task.pasted for task in tasks if task.pasted is not None]
    if len(pasted) < len(tasks):
        raise UsageError(
            expected=f"a real defect to paste for each new one, since codes is {PASTE!r}",
            found=f"{len(pasted)} for {len(tasks)}",
            action="Use other codes here; factory-gen generate pastes.",
        )
    windows = stack([window for task, own in zip(tasks, pasted, strict=True) for window in task.windows(own)])
    device = parts.references.mean.device
    latents = [parts.autoencoder.encode(windows[rows].to(device)) for rows in passes(len(windows))]
    return Toward(quilt.agree(torch.cat(latents)), choice.keep)


def _decode(parts: Parts, latent: torch.Tensor) -> torch.Tensor:
    return torch.cat([parts.autoencoder.decode(latent[rows]) for rows in passes(len(latent))])


def _choose_codes(
    parts: Parts,
    tasks: Sequence[DefectTask],
    quilt: Quilt,
    conditions: Conditions,
    known: torch.Tensor,
    base: torch.Tensor,
    choice: DrawChoice,
    toward: Toward | None,
) -> torch.Tensor:
    """One code per defect (T,Z): the best of several by the contrast of the prior's mean, without the flow."""
    first, generators = torch.tensor(_tellers(tasks, quilt)), [t.generator for t in tasks]
    told = conditions.pick(first)
    if toward is None:
        proposals = propose_codes(parts, told, choice.codes, choice.candidates, generators)
    else:
        proposals = codes_of(parts, toward.latent[first], told, choice.candidates, generators)
    count = proposals.shape[1]
    if count == 1 or parts.facts.source != "learned":
        return proposals[:, 0]
    previews = []
    # Previews only choose: bfloat16 is good enough for them, and they are most of the decoding.
    with parts.fast():
        for number in range(count):
            code = proposals[quilt.owners, number]
            mean = agreed_source(parts, code, conditions, quilt.agree).mean
            mean = mean if toward is None else toward.blend(mean)
            preview = _decode(parts, torch.where(conditions.hole > 0, mean, known))
            previews.append(quilt.merge(preview - base))
    picks = []
    for index, task in enumerate(tasks):
        differences = [merged[index].permute(1, 2, 0).float().cpu().numpy() for merged in previews]
        picks.append(nearest_to_target(task.wanted, differences))
    return proposals[torch.arange(len(tasks)), torch.tensor(picks)]


def _tellers(tasks: Sequence[DefectTask], quilt: Quilt) -> list[int]:
    """Row of the window that each defect's codes are proposed for: the one that shows most of it and of what is around.

    A window that is all defect knows no surroundings, so half and half is best.
    """
    rows = []
    for task, patches in zip(tasks, quilt.patches, strict=True):
        shares = np.array([mask.mean() for mask in task.windows(task.mask)])
        rows.append(patches.rows.start + int(np.argmin(np.abs(shares - 0.5))))
    return rows
