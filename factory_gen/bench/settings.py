"""What the prior bench computes."""

from __future__ import annotations

from dataclasses import dataclass, field

from factory_gen.autoencoder.model import AutoencoderSettings
from factory_gen.bench.arms import ARMS, COMPARED, GAUSSIAN, LEDIFLOW
from factory_gen.errors import UsageError
from factory_gen.flow.model import FlowSettings
from factory_gen.matching.solvers.table import SOLVERS
from factory_gen.prior.codes import CodesSettings
from factory_gen.prior.model import PriorSettings


@dataclass(frozen=True)
class PriorBench:
    """Settings of `factory-gen bench prior`.

    Attributes:
        arms: which to train; LeDiFlow and the Gaussian prior must be among them, the ablations may be.
        budget_s: seconds of training per arm and seed, prior and code sampler included where the arm needs them.
        window: side of the windows in pixels.
        augment: moves of the training windows.
        bank: windows encoded for training.
        count: held-out windows per set and split.
        autoencoder, prior, codes, flow: of the networks.
        width, heads, patch, local: of all transformers; local is the width of the convolutions beside them.
        autoencoder_share: of the budget, on top of it: all arms share one autoencoder.
        prior_share, codes_share: of the budget.
        map_share: of the budget, on top of it: tuning the LeDiFlow arm's network into a flow map.
        least_s: a rest of budget shorter than this is not worth another schedule.
        solvers: ODE rules to try.
        calls: numbers of network calls to try.
        scales: factors s on sigma, chosen on the validation split.
        batch: windows sampled together.
        ema, precision, device: of the trainings.
        resamples: bootstrap draws per interval.
    """

    arms: tuple[str, ...] = COMPARED
    budget_s: float = 1200.0
    window: int = 64
    augment: tuple[str, ...] = ("flip-x", "flip-y")
    bank: int = 6144
    count: int = 160
    autoencoder: AutoencoderSettings = field(
        default_factory=lambda: AutoencoderSettings(
            factor=8, latent_channels=12, width_half=48, width_quarter=96, batch=32
        )
    )
    prior: PriorSettings = field(
        default_factory=lambda: PriorSettings(
            steps=1_000_000, depth=2, code_size=64, code_grid=8, beta=0.1, whole_share=0.5
        )
    )
    codes: CodesSettings = field(default_factory=lambda: CodesSettings(steps=1_000_000))
    flow: FlowSettings = field(
        default_factory=lambda: FlowSettings(steps=1_000_000, depth=3, weight="one", whole_share=0.5)
    )
    width: int = 128
    heads: int = 4
    patch: int = 2
    local: int = 48
    autoencoder_share: float = 1.5
    prior_share: float = 0.3
    codes_share: float = 0.17
    map_share: float = 0.4
    least_s: float = 2.0
    solvers: tuple[str, ...] = ("euler", "midpoint")
    calls: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    scales: tuple[float, ...] = (1.0, 0.9, 0.8)
    batch: int = 64
    ema: float = 0.997
    precision: str = "bf16"
    device: str = "auto"
    resamples: int = 200

    def __post_init__(self) -> None:
        for known, found, what in ((ARMS, self.arms, "arm"), (SOLVERS, self.solvers, "solver")):
            for name in found:
                if name not in known:
                    raise UsageError(
                        expected=f"{what} from {', '.join(known)}", found=name, action=f"Name another {what}."
                    )
        for needed in (LEDIFLOW, GAUSSIAN):
            if needed not in self.arms:
                raise UsageError(
                    expected=f"the arms {LEDIFLOW} and {GAUSSIAN} among those compared",
                    found=", ".join(self.arms),
                    action="The two ratios compare these; name both.",
                )
        if self.budget_s <= 0 or self.count < 32:
            raise UsageError(
                expected="a budget above 0 s and at least 32 windows per set",
                found=f"{self.budget_s} s, {self.count} windows",
                action="Raise --budget or --windows.",
            )

    def body(self, depth: int) -> dict[str, int]:
        """Size of a transformer of this bench."""
        return {"width": self.width, "depth": depth, "heads": self.heads, "patch": self.patch}
