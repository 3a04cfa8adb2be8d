"""The diffusion baseline: the flow's own network as a denoiser, sampled through diffusers' schedulers.

Noise follows the cosine schedule of 1,000 steps (2102.09672). The network predicts
``v = alpha eps - sigma y`` (2202.00512), for two reasons. Its target has the size of the standardised latent at every
noise level, so that one learning rate suits all of them, as it does for the flow's velocity. And sampling starts where
no signal is left (signal to noise 2e-9): there a predicted eps says nothing about y and is divided by almost 0, while
v is -y itself. The schedule ends that close to 0 by itself, so rescaling it to exactly 0 (2305.08891) changes nothing.

The network sees time as the flow does, 0 for noise and 1 for data, and the source N(0, 1): mean 0, log variance 0, no
code. Shape letters: B batch, K latent channels, h w latent size.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler

from factory_gen.checks import check_choice, check_positive
from factory_gen.errors import UsageError
from factory_gen.flow.model import FlowModel
from factory_gen.nets.condition import Conditions

TRAIN_STEPS = 1000
_SCHEDULE = {
    "num_train_timesteps": TRAIN_STEPS,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "v_prediction",
}
_SAMPLING = {**_SCHEDULE, "timestep_spacing": "trailing"}

Predict = Callable[[torch.Tensor, int], torch.Tensor]

DIFFUSION_SAMPLERS: dict[str, Callable[[], Any]] = {
    # Denoising diffusion implicit models (2010.02502), first order, without added noise.
    "ddim": lambda: DDIMScheduler(**_SAMPLING, clip_sample=False),
    # DPM-Solver++ (2211.01095), second order from the second call on, first order in the last.
    "dpm++": lambda: DPMSolverMultistepScheduler(**_SAMPLING, solver_order=2, final_sigmas_type="zero"),
}


def training_noise() -> Any:
    """The forward process: diffusers' DDPM scheduler with `add_noise` and `get_velocity`."""
    return DDPMScheduler(**_SCHEDULE, clip_sample=False)


def network_time(timestep_B: torch.Tensor) -> torch.Tensor:
    """Steps (B,) int in [0, 1000) to the network's time (B,) float32 in [0, 1): 999, pure noise, becomes 0."""
    return 1.0 - (timestep_B.float() + 1.0) / TRAIN_STEPS


def predict_v(
    model: torch.nn.Module, x_BKhw: torch.Tensor, timestep_B: torch.Tensor, conditions: Conditions
) -> torch.Tensor:
    """The network's v (B,K,h,w) float32 for noisy latents at steps (B,); cells outside the hole do not count."""
    nothing = torch.zeros_like(x_BKhw)
    no_code = x_BKhw.new_zeros(x_BKhw.shape[0], 1)
    result: torch.Tensor = model(x_BKhw, network_time(timestep_B), nothing, nothing, no_code, conditions)
    return result


def sample_diffusion(
    model: FlowModel,
    conditions: Conditions,
    noise_BKhw: torch.Tensor,
    sampler: str,
    calls: int,
    *,
    precision: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> torch.Tensor:
    """Denoise to latents (B,K,h,w); cells outside the hole are 0.

    Args:
        model: trained by `train_diffusion`.
        conditions: of the windows, as the flow gets them.
        noise_BKhw: standard normal.
        sampler: key of `DIFFUSION_SAMPLERS`; both are deterministic.
        calls: network calls, 1 to 1,000.
        precision: makes the context that each call runs in, for instance autocast; none by default.

    Raises:
        UsageError: unknown sampler, `calls` out of range, or a network that wants a code.
    """
    check_no_code(model)

    def predict(x: torch.Tensor, timestep: int) -> torch.Tensor:
        steps = torch.full((x.shape[0],), timestep, device=x.device)
        with precision():
            return predict_v(model, x, steps, conditions) * conditions.hole

    return denoise(predict, noise_BKhw * conditions.hole, sampler, calls)


@torch.no_grad()
def denoise(predict: Predict, noise_BKhw: torch.Tensor, sampler: str, calls: int) -> torch.Tensor:
    """Go from noise to data, both (B,...), with `calls` calls of `predict`: (x, step in [0, 1000)) to v (B,...).

    The steps are evenly spaced and begin at pure noise ("trailing"). Where `calls` does not divide 1,000, diffusers'
    DDIM rounds the noise level it steps to by up to one step in 1,000.

    Raises:
        UsageError: unknown sampler or `calls` out of [1, 1000].
    """
    check_choice(sampler, DIFFUSION_SAMPLERS, "diffusion sampler")
    check_positive(calls, "calls")
    if calls > TRAIN_STEPS:
        raise UsageError(
            expected=f"at most {TRAIN_STEPS} calls, one per step of the training",
            found=str(calls),
            action="Lower the number of calls.",
        )
    scheduler = DIFFUSION_SAMPLERS[sampler]()
    with warnings.catch_warnings():
        # diffusers 0.42 hands a tensor to np.array, which numpy 2 calls deprecated; the numbers are right.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        scheduler.set_timesteps(calls)
    x = noise_BKhw
    # For some numbers of calls (61, 103, ...) rounding makes diffusers append a step before the first one.
    for timestep in scheduler.timesteps[:calls].tolist():
        x = scheduler.step(predict(x, timestep), timestep, x).prev_sample
    return x


def check_no_code(model: FlowModel) -> None:
    """Raise `UsageError` for a network that wants a code: a denoiser has none."""
    if model.config["use_code"]:
        raise UsageError(
            expected="a network made with use_code=False for diffusion",
            found="one that is told z",
            action="Build FlowModel with use_code=False.",
        )
