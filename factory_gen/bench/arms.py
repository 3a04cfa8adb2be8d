"""What is compared: the learned prior and its baselines, all with one network, one data set and one budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from factory_gen.flow.model import FlowSettings

LEDIFLOW = "lediflow"
GAUSSIAN = "gaussian"
GAUSSIAN_CODE = "gaussian-code"
DIFFUSION = "diffusion"
FLOW_MAP = "flow-map"
PRIOR_MEAN = "prior-mean"


@dataclass(frozen=True)
class Arm:
    """One way to generate.

    Attributes:
        name: key in tables and results.
        title: what a reader sees.
        source: start of the path, see `FlowSettings.source`.
        use_code: whether the network is told z (the arm then pays for the prior and the code sampler).
        family: "ode" (velocity and a solver), "diffusion" (DDPM training) or "map" (average velocity).
        weight: importance weight of the loss, where it is not the plan's.
        beta: weight of the code's divergence, where it is not the plan's; such an arm trains a prior of its own.
    """

    name: str
    title: str
    source: str
    use_code: bool
    family: str = "ode"
    weight: str | None = None
    beta: float | None = None

    def settings(self, base: FlowSettings) -> FlowSettings:
        """The plan's flow settings as this arm trains them."""
        return replace(base, source=self.source, use_code=self.use_code, weight=self.weight or base.weight)


_COMPARED: Mapping[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm(LEDIFLOW, "LeDiFlow (learned prior)", "learned", True),
        Arm(GAUSSIAN, "Gaussian prior (flow matching)", "gaussian", False),
        Arm(GAUSSIAN_CODE, "Gaussian prior, z given", "gaussian", True),
        Arm("gaussian-data", "Gaussian with the data's mean and spread", "gaussian-data", False),
        Arm(DIFFUSION, "Diffusion (DDPM training)", "gaussian", False, "diffusion"),
        Arm(FLOW_MAP, "LeDiFlow as a flow map", "learned", True, "map"),
    )
}
# What the learned prior owes to its settings: trained when they are asked for by name.
ABLATIONS: Mapping[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm(
            "weight-inverse-variance",
            "LeDiFlow, weight 1/sigma^2",
            "learned",
            True,
            weight="inverse-variance",
        ),
        Arm("weight-sigma", "LeDiFlow, weight sigma", "learned", True, weight="sigma"),
        Arm("beta-0.01", "LeDiFlow, beta 0.01", "learned", True, beta=0.01),
        Arm("beta-1", "LeDiFlow, beta 1", "learned", True, beta=1.0),
    )
}
COMPARED = tuple(_COMPARED)
ARMS: Mapping[str, Arm] = {**_COMPARED, **ABLATIONS}
