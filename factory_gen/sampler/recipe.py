"""What to compute: one dataclass per part, each beside the code it configures, gathered here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from factory_gen.autoencoder.grain import GrainSettings
from factory_gen.autoencoder.model import AutoencoderSettings
from factory_gen.flow.model import FlowSettings
from factory_gen.images.augment import MOVES
from factory_gen.matching.solvers.table import SOLVERS, steps_for_calls
from factory_gen.prior.codes import CodesSettings
from factory_gen.prior.model import PriorSettings

CODE_SOURCES = ("auto", "sampler", "reference", "mix", "perturb")
# Needs a real defect for each new one, so it is for whole requests and no recipe's default.
PASTE = "paste"


@dataclass(frozen=True)
class WindowSettings:
    """How pictures become windows.

    Attributes:
        size: side of a window in pixels; a multiple of 16.
        augment: allowed moves, from ``flip-x``, ``flip-y``, ``quarter-turns``.
        bank: number of windows encoded for prior and flow.
        references: real defects per type that the model may know, in training and when it draws; 0 for all. For the
            question what a plant with only so many would get (`factory-gen gate --references`).
    """

    size: int = 128
    augment: tuple[str, ...] = ("flip-x", "flip-y")
    bank: int = 5120
    references: int = 0

    def __post_init__(self) -> None:
        if self.size < 32 or self.size % 16:
            raise ValueError(f"size must be a multiple of 16, at least 32, found {self.size}")
        if self.bank < 64:
            raise ValueError(f"bank must be at least 64, found {self.bank}")
        if self.references < 0:
            raise ValueError(f"references must not be negative, found {self.references}")
        for move in self.augment:
            if move not in MOVES:
                raise ValueError(f"augment must be from {', '.join(MOVES)}, found {move!r}")


@dataclass(frozen=True)
class TrainingSettings:
    """What all trainings share.

    Attributes:
        precision: "bf16" or "no".
        ema: decay of the averaged weights.
        clip: largest gradient norm.
        checkpoint_s: seconds between checkpoints.
        budget_s: time budget in seconds when the command gives none; 0 trains for all steps.
        measure_windows: windows per set when the finished model is measured.
    """

    precision: str = "bf16"
    ema: float = 0.997
    clip: float = 1.0
    checkpoint_s: float = 60.0
    budget_s: float = 0.0
    measure_windows: int = 512

    def __post_init__(self) -> None:
        if self.precision not in ("bf16", "no"):
            raise ValueError(f"precision must be bf16 or no, found {self.precision!r}")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema must lie in [0, 1), found {self.ema}")
        if self.measure_windows < 32:
            raise ValueError(f"measure_windows must be at least 32, found {self.measure_windows}")
        if self.budget_s < 0:
            raise ValueError(f"budget_s must not be negative, found {self.budget_s}")


@dataclass(frozen=True)
class GenerateSettings:
    """How defects are drawn when the command says nothing else.

    Attributes:
        steps: calls of the flow network per window.
        solver: step rule.
        guidance: scale of the type guidance; 1 is off.
        codes: where z comes from.
        candidates: codes tried per window; the one whose contrast is nearest the one asked for is kept.
        keep: with codes "paste", where between the prior's sample (0) and the pasted defect (1) the flow starts.
        margin: pixels around the mask that are drawn anew with it, so that both sides agree.
        feather: width in pixels of the blend inside the mask's edge, 6 in thick masks; up to 1 there is none, and what
            is seen ends where the mask does.
        overdraw: pixels by which the mask that the networks are told is wider than the one that is filled. What they
            draw fades towards its edge; with 2 or 3 the fading is cut off, and the defect fills its mask.
        trim: whether a mask is cut to the pixels that really changed (`composite/trim.py`): for parts of flat colours.
        gain: the drawn difference may be scaled by 1/gain to gain to meet the contrast asked for; 1 is off.
        attempts: draws per sample before it counts as failed.
        chunk: samples drawn together.
    """

    steps: int = 4
    solver: str = "midpoint"
    guidance: float = 1.0
    codes: str = "auto"
    candidates: int = 6
    keep: float = 0.5
    margin: int = 6
    feather: float = 1.0
    overdraw: int = 0
    trim: bool = False
    gain: float = 1.0
    attempts: int = 4
    chunk: int = 32

    def __post_init__(self) -> None:
        if self.solver not in SOLVERS:
            raise ValueError(f"solver must be one of {', '.join(SOLVERS)}, found {self.solver!r}")
        steps_for_calls(self.solver, self.steps)
        if self.codes not in CODE_SOURCES:
            raise ValueError(f"codes must be one of {', '.join(CODE_SOURCES)}, found {self.codes!r}")
        if not 0 <= self.keep < 1:
            raise ValueError(f"keep must lie in [0, 1), found {self.keep}")
        if self.feather < 0:
            raise ValueError(f"feather must not be negative, found {self.feather}")
        if self.overdraw < 0:
            raise ValueError(f"overdraw must not be negative, found {self.overdraw}")
        if self.gain < 1:
            raise ValueError(f"gain must be at least 1, found {self.gain}")
        for name in ("candidates", "attempts", "chunk"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")


@dataclass(frozen=True)
class Recipe:
    """A complete recipe; see the sections' own documentation."""

    name: str = "cpu"
    windows: WindowSettings = field(default_factory=WindowSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    autoencoder: AutoencoderSettings = field(default_factory=AutoencoderSettings)
    grain: GrainSettings = field(default_factory=GrainSettings)
    prior: PriorSettings = field(default_factory=PriorSettings)
    codes: CodesSettings = field(default_factory=CodesSettings)
    flow: FlowSettings = field(default_factory=FlowSettings)
    generate: GenerateSettings = field(default_factory=GenerateSettings)

    @property
    def sha256(self) -> str:
        """Hash of everything in the recipe, hex."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
