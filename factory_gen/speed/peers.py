"""What published generators of defect images cost on this machine, for comparison.

The networks are built from their public configurations through diffusers, with drawn weights: time does not depend on
them. A few solver steps are timed and multiplied; guidance, text encoder and picture encoder are left out, in favour
of the peer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from factory_gen.speed.clock import Timing, timed

STEPS = 50


@dataclass(frozen=True)
class Peer:
    """A latent diffusion model by its public configuration.

    Attributes:
        name: how it is called in the result.
        unet, decoder: class names in diffusers.
        unet_config, decoder_config: their settings where they differ from the class's defaults.
        latent: (channels, side) that the decoder starts from.
        extra: input channels beside the latent (mask and masked picture).
        text: (tokens, width) of the text that is told, or None.
        picture: side of the picture in pixels.
    """

    name: str
    unet: str
    decoder: str
    unet_config: Mapping[str, Any]
    decoder_config: Mapping[str, Any]
    latent: tuple[int, int]
    picture: int
    extra: int = 0
    text: tuple[int, int] | None = None


SD15_INPAINTING = Peer(
    name="SD-1.5 inpainting, 512 px",
    unet="UNet2DConditionModel",
    unet_config={"in_channels": 9, "sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8},
    decoder="AutoencoderKL",
    decoder_config={
        "block_out_channels": (128, 256, 512, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 2,
        "sample_size": 512,
    },
    latent=(4, 64),
    picture=512,
    extra=5,
    text=(77, 768),
)
LDM_256 = Peer(
    name="LDM-4, 256 px",
    unet="UNet2DModel",
    unet_config={
        "sample_size": 64,
        "block_out_channels": (224, 448, 672, 896),
        "down_block_types": ("DownBlock2D", *("AttnDownBlock2D",) * 3),
        "up_block_types": (*("AttnUpBlock2D",) * 3, "UpBlock2D"),
        "attention_head_dim": 32,
        "layers_per_block": 2,
    },
    decoder="VQModel",
    decoder_config={
        "block_out_channels": (128, 256, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 3,
        "up_block_types": ("UpDecoderBlock2D",) * 3,
        "layers_per_block": 2,
        "latent_channels": 3,
        "num_vq_embeddings": 8192,
        "sample_size": 256,
    },
    latent=(3, 64),
    picture=256,
)


@dataclass(frozen=True)
class PeerTime:
    """What one picture costs a peer.

    Attributes:
        name, picture: of the peer; side of the picture in pixels.
        precision: "fp32" or "bf16", the faster one here.
        parameters: of UNet and decoder, in millions.
        steps: of the solver.
        steps_timed: of them were run, and their median multiplied.
        step_s: best, median and worst step in seconds, by precision.
        decoder_s: one decoding, in the faster precision.
        seconds: of one picture: steps times the median step, and the decoding.
        images_per_s: one over that.
    """

    name: str
    picture: int
    precision: str
    parameters: float
    steps: int
    steps_timed: int
    step_s: Mapping[str, tuple[float, float, float]]
    decoder_s: float
    seconds: float
    images_per_s: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "images_per_s", 1.0 / self.seconds)


def time_peer(
    peer: Peer, device: torch.device, *, precisions: tuple[str, ...], steps_timed: int = 2, warm: int = 1
) -> PeerTime:
    """Build a peer, time some of its steps in each precision and its decoder in the faster one."""
    unet = _built(peer.unet, peer.unet_config, device)
    parameters = _millions(unet)
    steps: dict[str, Timing] = {}
    for precision in precisions:
        # Torch's own conversion: the one of diffusers warns of what matters for trained weights only.
        nn.Module.to(unet, _kind(precision))
        step = _step(peer, unet, device, _kind(precision))
        steps[precision] = timed(step, device, repeats=steps_timed, warm=warm, most_s=600.0)
    del unet, step
    fastest = min(steps, key=lambda precision: steps[precision].median)
    decoder = _built(peer.decoder, peer.decoder_config, device)
    nn.Module.to(decoder, _kind(fastest))
    latent = torch.randn(1, peer.latent[0], peer.latent[1], peer.latent[1]).to(device, _kind(fastest))
    with torch.no_grad():
        decoding = timed(lambda: _decode(decoder, latent), device, repeats=1, warm=0).median
    return PeerTime(
        name=peer.name,
        picture=peer.picture,
        precision=fastest,
        parameters=parameters + _millions(decoder),
        steps=STEPS,
        steps_timed=steps[fastest].repeats,
        step_s={name: (one.best, one.median, one.worst) for name, one in steps.items()},
        decoder_s=decoding,
        seconds=STEPS * steps[fastest].median + decoding,
    )


def _kind(precision: str) -> torch.dtype:
    return torch.bfloat16 if precision == "bf16" else torch.float32


def _built(name: str, config: Mapping[str, Any], device: torch.device) -> Any:
    """The network, its weights small and drawn (their usual start takes longer than the steps that are timed)."""
    import diffusers

    with torch.device("meta"):
        network = getattr(diffusers, name)(**config)
    network = nn.Module.to_empty(network, device=device).eval().requires_grad_(False)
    for tensor in (*network.parameters(), *network.buffers()):
        if tensor.is_floating_point():
            tensor.uniform_(-0.02, 0.02)
    return network


def _step(peer: Peer, unet: nn.Module, device: torch.device, kind: torch.dtype) -> Callable[[], object]:
    channels, side = peer.latent
    sample = torch.randn(1, channels + peer.extra, side, side).to(device, kind)
    told = {}
    if peer.text is not None:
        told["encoder_hidden_states"] = torch.randn(1, *peer.text).to(device, kind)

    def step() -> object:
        with torch.no_grad():
            return unet(sample, 500, **told)

    return step


def _decode(decoder: Any, latent: torch.Tensor) -> object:
    # A VQ decoder would first look its code book up, which costs next to nothing.
    return (
        decoder.decode(latent, force_not_quantize=True)
        if hasattr(decoder, "quantize")
        else decoder.decode(latent)
    )


def _millions(network: nn.Module) -> float:
    return sum(parameter.numel() for parameter in network.parameters()) / 1e6
