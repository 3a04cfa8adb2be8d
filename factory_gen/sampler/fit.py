"""Trains all parts of a model, one after the other, inside one time budget.

Order: autoencoder, grain, then the latent bank, prior, code sampler, flow, and its tuning for few calls. A part that
is finished is kept beside the checkpoints, so that a killed training resumes with the part it was in. Fine-tuning
starts the prior, the code sampler and the flow from an earlier model and keeps its autoencoder, whose latents they
speak.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from safetensors.torch import load_file

from factory_gen.autoencoder.checkpoint import load_tiny
from factory_gen.autoencoder.grain import GrainNet
from factory_gen.autoencoder.model import PartAutoencoder
from factory_gen.autoencoder.train import train_autoencoder
from factory_gen.autoencoder.train_grain import train_grain
from factory_gen.flow.model import FlowModel, FlowSettings
from factory_gen.flow.source import SourceRule
from factory_gen.flow.train import train_flow
from factory_gen.flow.tuning import TUNINGS
from factory_gen.images.dataset import PartPictures, WindowDraw
from factory_gen.prior.codes import CodeSampler, train_codes
from factory_gen.prior.model import PriorModel, PriorSettings
from factory_gen.prior.train import train_prior
from factory_gen.sampler.contrast_target import rank_by_contrast
from factory_gen.sampler.generator import pick_device
from factory_gen.sampler.parts import PartFacts, Parts, References, check_fine_tuning
from factory_gen.sampler.recipe import Recipe
from factory_gen.sampler.references import encode_references
from factory_gen.seeds import derive
from factory_gen.training.checkpoint import write_weights
from factory_gen.training.latents import LatentBank
from factory_gen.training.loop import LoopResult, LoopSettings

PartReport = Callable[[str, int, float, Mapping[str, float]], None]


@dataclass(frozen=True)
class FitResult:
    """A trained model and how long each stage took: stage to (steps, seconds)."""

    parts: Parts
    stages: Mapping[str, tuple[int, float]]


def fit(
    pictures: PartPictures,
    recipe: Recipe,
    folder: Path,
    *,
    seed: int = 0,
    budget_s: float | None = None,
    view: str = "window",
    device: str = "auto",
    start_from: Parts | None = None,
    resume: bool = False,
    report: PartReport = lambda stage, step, fraction, figures: None,
) -> FitResult:
    """Train a model on one part's pictures.

    Args:
        pictures: what it may see; never a hold-out picture.
        recipe: what to train.
        folder: for checkpoints and finished parts.
        seed: of everything random.
        budget_s: seconds in all, shared out by the recipe; None or 0 trains for the recipe's steps.
        view: "window", or "whole" when the pictures have been resized to one window each.
        device: "auto", "cpu" or "cuda".
        start_from: model to fine-tune.
        resume: continue in `folder`.
        report: called with stage, step, share done and figures.

    Returns:
        `FitResult` with all networks in eval mode.
    """
    return _Fit(pictures, recipe, folder, seed, budget_s, view, device, start_from, resume, report).run()


class _Fit:
    def __init__(
        self,
        pictures: PartPictures,
        recipe: Recipe,
        folder: Path,
        seed: int,
        budget_s: float | None,
        view: str,
        device: str,
        start_from: Parts | None,
        resume: bool,
        report: PartReport,
    ) -> None:
        ranked, contrasts = rank_by_contrast(pictures.defective)
        self.pictures = PartPictures(pictures.good, ranked, pictures.channels)
        self.contrasts = contrasts
        self.recipe, self.folder, self.seed, self.view = recipe, folder, seed, view
        self.budget_s = budget_s or recipe.training.budget_s or None
        self.device, self.device_name = pick_device(device), device
        self.start_from, self.resume, self.report = start_from, resume, report
        self.windows = WindowDraw(self.pictures, recipe.windows.size, recipe.windows.augment)
        self.stages: dict[str, tuple[int, float]] = {}
        if start_from is not None:
            check_fine_tuning(start_from.facts, self.pictures, recipe.windows.size)

    def run(self) -> FitResult:
        autoencoder = self._autoencoder()
        grain = self._grain(autoencoder)
        bank = self._bank(autoencoder)
        prior = self._prior(bank)
        references = encode_references(bank, prior, self.windows, autoencoder)
        codes = self._codes(bank, prior)
        flow = self._flow(bank, prior, references)
        facts = PartFacts(
            types=self.pictures.types,
            channels=self.pictures.channels,
            window=self.recipe.windows.size,
            view=self.view,
            source=self.recipe.flow.source,
            prior_scale=self.recipe.flow.prior_scale,
            contrasts=self.contrasts,
            figures={},
            recipe=asdict(self.recipe),
        )
        return FitResult(Parts(autoencoder, grain, prior, codes, flow, facts, references), self.stages)

    def _loop(self, share: float) -> LoopSettings:
        training = self.recipe.training
        return LoopSettings(
            steps=1,
            budget_s=None if self.budget_s is None else max(1.0, share * self.budget_s),
            clip=training.clip,
            ema=training.ema,
            precision=training.precision,
            device=self.device_name,
            seed=self.seed,
            checkpoint_s=training.checkpoint_s,
        )

    def _fresh(self, name: str, cls: type[Any], **config: Any) -> Any:
        """A network whose initial weights depend on the seed only."""
        with torch.random.fork_rng():
            torch.manual_seed(derive(self.seed, "weights", name))
            return cls(**config).to(self.device)

    def _new(self, name: str, cls: type[Any], **config: Any) -> Any:
        """A fresh network, or a copy of the one to fine-tune from."""
        model = self._fresh(name, cls, **config)
        if self.start_from is not None:
            earlier = getattr(self.start_from, name)
            if isinstance(model, FlowModel):
                model.start_from(earlier)
            else:
                model.load_state_dict(earlier.state_dict())
        return model

    def _stage(self, name: str, model: Any, share: float, work: Callable[..., LoopResult]) -> Any:
        """Run one training, or take its finished weights when resuming; gives the network, frozen."""
        finished = self.folder / f"{name}.finished.safetensors"
        if self.resume and finished.exists():
            model.load_state_dict(load_file(finished))
            self.report(name, 0, 1.0, {})
        else:
            if share > 0:
                result = work(
                    loop=self._loop(share),
                    folder=self.folder,
                    resume=self.resume,
                    report=lambda step, fraction, figures: self.report(name, step, fraction, figures),
                )
                self.stages[name] = (result.steps, result.seconds)
            if PartialState().is_main_process:
                write_weights(finished, model)
                (self.folder / f"{name}.checkpoint").unlink(missing_ok=True)
        # Another memory layout would round differently than the model that is later read from its folder.
        return model.to(self.device, memory_format=torch.contiguous_format).eval().requires_grad_(False)

    def _autoencoder(self) -> Any:
        settings = self.recipe.autoencoder
        if self.start_from is not None:
            return self.start_from.autoencoder.to(self.device)
        if settings.checkpoint:
            return load_tiny(Path(settings.checkpoint), self.windows, self.seed).to(self.device)
        model = self._new(
            "autoencoder",
            PartAutoencoder,
            channels=self.pictures.channels,
            latent_channels=settings.latent_channels,
            width_half=settings.width_half,
            width_quarter=settings.width_quarter,
            blocks=settings.blocks,
            factor=settings.factor,
        )
        return self._stage(
            "autoencoder", model, settings.share, partial(train_autoencoder, model, self.windows, settings)
        )

    def _grain(self, autoencoder: Any) -> GrainNet:
        settings = self.recipe.grain
        if self.start_from is not None:
            return self.start_from.grain.to(self.device)
        model = self._new("grain", GrainNet, channels=self.pictures.channels, width=settings.width)
        trained: GrainNet = self._stage(
            "grain", model, settings.share, partial(train_grain, model, autoencoder, self.windows, settings)
        )
        return trained

    def _bank(self, autoencoder: Any) -> LatentBank:
        started, count = time.monotonic(), self.recipe.windows.bank
        fast = self.recipe.training.precision == "bf16"

        def encode(windows: torch.Tensor) -> torch.Tensor:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=fast):
                latent: torch.Tensor = autoencoder.encode(windows)
            return latent

        with torch.no_grad():
            bank = LatentBank(
                self.windows,
                encode,
                factor=autoencoder.factor,
                count=count,
                seed=self.seed,
                device=self.device,
                report=lambda done: self.report("bank", done, done / count, {}),
            )
        self.stages["bank"] = (count, time.monotonic() - started)
        return bank

    def _shape(self, bank: LatentBank) -> dict[str, int]:
        return {
            "latent_channels": int(bank.latent.shape[1]),
            "latent_size": int(bank.latent.shape[2]),
            "kinds": len(self.pictures.types),
        }

    def _prior(self, bank: LatentBank) -> PriorModel:
        settings = self.recipe.prior
        config = {
            **self._shape(bank),
            **_body(settings),
            "code_size": settings.code_size,
            "code_grid": settings.code_grid,
        }
        model = self._new("prior", PriorModel, **config)
        trained: PriorModel = self._stage(
            "prior", model, settings.share, partial(train_prior, model, bank, settings)
        )
        return trained

    def _codes(self, bank: LatentBank, prior: PriorModel) -> CodeSampler:
        settings, shape = self.recipe.codes, self._shape(bank)
        model = self._new(
            "codes",
            CodeSampler,
            code_size=prior.code_size,
            latent_channels=shape["latent_channels"],
            kinds=shape["kinds"],
            width=settings.width,
            depth=settings.depth,
        )
        trained: CodeSampler = self._stage(
            "codes", model, settings.share, partial(train_codes, model, bank, prior.encode, settings)
        )
        return trained

    def _flow(self, bank: LatentBank, prior: PriorModel, references: References) -> FlowModel:
        settings = self.recipe.flow
        rule = SourceRule(
            settings.source, settings.prior_scale, references.data_mean, references.data_log_var
        )
        told = bank, prior.encode, prior.decode, rule, settings
        config = {**self._shape(bank), **_body(settings), "code_size": prior.code_size}
        config |= {"use_code": settings.use_code, "calm": settings.objective == "flow-map"}
        tuning = 0.0 if settings.objective == "velocity" else settings.share * settings.tuning_share
        model = self._new("flow", FlowModel, **config)
        flow: FlowModel = self._stage(
            "flow", model, settings.share - tuning, partial(train_flow, model, *told)
        )
        if tuning == 0.0:
            return flow
        second = self._fresh("tuning", FlowModel, **config, spans=settings.objective == "flow-map")
        second.start_from(flow)
        work = partial(TUNINGS[settings.objective], second, *told)
        tuned: FlowModel = self._stage(settings.objective, second, tuning, work)
        return tuned


def _body(settings: PriorSettings | FlowSettings) -> dict[str, int]:
    """Size of a transformer."""
    return {name: getattr(settings, name) for name in ("width", "depth", "heads", "patch", "local")}
