"""The latent flow transformer: velocity from prior sample to data.

It sees the whitened state ``(x_t - mean) / sigma``, the prior's mean and log sigma, the surroundings, hole and mask as
channels; time, type, strength and z through the normalisations. Its output is scaled by sigma, so that pixels of very
different spread are learned at the same rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn

from factory_gen.matching.loss import WEIGHTS
from factory_gen.matching.times import TIMES
from factory_gen.nets.blocks import ScalarEmbedding, Trunk
from factory_gen.nets.condition import MASK_CHANNELS, Conditions, TypeEmbedding

SOURCES = ("learned", "gaussian", "gaussian-data")
# A flow map is trained on the network's derivative by time and span. A wave of frequency w weighs w times as much there
# as in the network itself, and with fast ones the training was seen to blow up.
CALM_TIME, CALM_SPAN = 8.0, 4.0
OBJECTIVES = ("velocity", "flow-map", "reflow")
MAP_TARGETS = ("data", "flow")


@dataclass(frozen=True)
class FlowSettings:
    """What the flow is and how long it trains.

    Attributes:
        source: start of the path: "learned" prior, "gaussian" N(0,1), "gaussian-data" (mean and spread of the data
            per latent pixel). The last two are the baselines.
        use_code: whether the flow is told z. Off only makes sense for a Gaussian source.
        prior_scale: factor s on sigma.
        weight: importance weight of the loss: "one", "inverse-variance" or "sigma".
        times: "uniform", "logit-normal" or "u-shaped".
        objective: "velocity"; "flow-map": the trained velocity is then tuned into average velocities of jumps, so that
            the solver "flow-map" may take one call (see `flow/train_map.py`); or "reflow": it is tuned to straight
            lines between the ends of its own paths, so that Euler may (see `flow/reflow.py`).
        tuning_share: share of the flow's time budget that the tuning takes.
        tuning_steps: its most steps.
        tuning_rate: its peak learning rate.
        map_target: what its velocity is compared with: "data" (the path's own, as in the papers) or "flow" (that of the
            flow it starts from: no noise, so far fewer steps do).
        jump_share: share of its windows that jump; the others keep learning the velocity.
        landing_share: share of the jumps that land on the data.
        adaptive: power of its loss weighting, see `matching.loss.even_out`; 0 is off.
        reflow_pairs: paths that "reflow" solves for, 8 calls each.
        width, depth, heads, patch: of the transformer.
        local: channels of the convolutions beside it, 0 for none.
        whole_share: share of windows learned without surroundings.
        dropout: share of windows whose type is not told (needed for guidance).
        steps, batch, learning_rate: of the training.
        share: share of the time budget.
    """

    source: str = "learned"
    use_code: bool = True
    prior_scale: float = 1.0
    weight: str = "inverse-variance"
    times: str = "uniform"
    objective: str = "velocity"
    tuning_share: float = 0.4
    tuning_steps: int = 20000
    tuning_rate: float = 4e-4
    map_target: str = "flow"
    jump_share: float = 0.75
    landing_share: float = 0.4
    adaptive: float = 0.5
    reflow_pairs: int = 2048
    width: int = 192
    depth: int = 6
    heads: int = 6
    patch: int = 4
    local: int = 0
    whole_share: float = 0.4
    dropout: float = 0.1
    steps: int = 20000
    batch: int = 32
    learning_rate: float = 1e-3
    share: float = 0.4

    def __post_init__(self) -> None:
        for name in ("width", "depth", "heads", "patch", "steps", "tuning_steps", "reflow_pairs", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")
        for name, known in (
            ("source", SOURCES),
            ("weight", WEIGHTS),
            ("times", TIMES),
            ("objective", OBJECTIVES),
            ("map_target", MAP_TARGETS),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, found {getattr(self, name)!r}")
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        if self.source == "learned" and not self.use_code:
            raise ValueError("use_code must be true for the learned source, which is made from z")
        if not 0 < self.prior_scale <= 4:
            raise ValueError(f"prior_scale must lie in (0, 4], found {self.prior_scale}")
        for name in ("tuning_share", "jump_share", "landing_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], found {getattr(self, name)}")


class FlowModel(ModelMixin, ConfigMixin):
    """Velocity field v(x_t, t | mean, log variance, z, conditions), or average velocity of a jump from t to t + span.

    At span 0 a network with spans computes exactly what the same weights compute without.

    Args:
        latent_channels: K.
        latent_size: h = w.
        kinds: number of defect types, good included.
        code_size: Z.
        use_code: whether z is told.
        width, depth, heads, patch, local: see `FlowSettings`.
        spans: whether the length of a jump is told (a flow map).
        calm: whether time is told in slow waves only, as a flow map needs it; networks with spans always are.
    """

    config_name = "config.json"

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 8,
        latent_size: int = 32,
        kinds: int = 2,
        code_size: int = 48,
        use_code: bool = True,
        width: int = 192,
        depth: int = 6,
        heads: int = 6,
        patch: int = 4,
        spans: bool = False,
        local: int = 0,
        calm: bool = False,
    ) -> None:
        super().__init__()
        self.calm = calm or spans
        self.time = ScalarEmbedding(width, highest=CALM_TIME) if self.calm else ScalarEmbedding(width)
        self.kind = TypeEmbedding(kinds, width)
        self.code = nn.Sequential(nn.Linear(code_size, width), nn.SiLU(), nn.Linear(width, width))
        self.trunk = Trunk(
            in_channels=4 * latent_channels + 1 + MASK_CHANNELS,
            out_channels=latent_channels,
            size=latent_size,
            patch=patch,
            width=width,
            depth=depth,
            heads=heads,
            cond_width=width,
            local=local,
        )
        if not use_code:
            self.code.requires_grad_(False)
        if spans:
            self.span = ScalarEmbedding(width, highest=CALM_SPAN)
            nn.init.zeros_(self.span.mlp[-1].weight)  # type: ignore[arg-type]

    @property
    def code_size(self) -> int:
        """Length Z of the code."""
        return int(self.config["code_size"])

    def forward(
        self,
        x_BKhw: torch.Tensor,
        t_B: torch.Tensor,
        mean_BKhw: torch.Tensor,
        log_var_BKhw: torch.Tensor,
        code_BZ: torch.Tensor,
        conditions: Conditions,
        span_B: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Velocity (B,K,h,w) float32 at state `x_BKhw` and time `t_B` in [0,1]; only the hole's cells count.

        With `span_B` (a flow map only): the average velocity until ``t + span``, which is at most 1.
        """
        sigma = (0.5 * log_var_BKhw).exp()
        white = (x_BKhw - mean_BKhw) / sigma * conditions.hole
        maps = torch.cat([white, mean_BKhw, 0.5 * log_var_BKhw, conditions.maps], dim=1)
        cond = self.time(t_B) + self.kind(conditions.kind, conditions.strength)
        if self.config["use_code"]:
            cond = cond + self.code(code_BZ)
        if span_B is not None:
            cond = cond + self.span(span_B) - self.span(torch.zeros_like(span_B))
        result: torch.Tensor = sigma * self.trunk(maps, cond).float()
        return result

    def start_from(self, other: FlowModel) -> None:
        """Take over another network's weights; spans that only one of the two knows are left as they are.

        A calm network imitates the other's time as far as slow waves can.

        Raises:
            RuntimeError: the two differ in size.
        """
        own, theirs = self.state_dict(), other.state_dict()
        apart = ("span.",) if self.calm == other.calm else ("span.", "time.")
        shared = {key: value for key, value in theirs.items() if not key.startswith(apart)}
        kept = {
            key: theirs.get(key, value) if key.startswith("span.") else value for key, value in own.items()
        }
        self.load_state_dict({**kept, **shared})
        if self.calm != other.calm:
            self.time.imitate(other.time)
