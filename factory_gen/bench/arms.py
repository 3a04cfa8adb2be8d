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
    """

    name: str
    title: str
    source: str
    use_code: bool
    family: str = "ode"

    def settings(self, base: FlowSettings) -> FlowSettings:
        """The recipe's flow settings as this arm trains them."""
        return replace(base, source=self.source, use_code=self.use_code)


ARMS: Mapping[str, Arm] = {
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
