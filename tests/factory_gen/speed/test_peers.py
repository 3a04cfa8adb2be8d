"""Peers are what their public configurations say, and what is timed is multiplied as documented."""

from __future__ import annotations

from dataclasses import replace

import diffusers
import pytest
import torch

from factory_gen.speed.peers import LDM_256, SD15_INPAINTING, STEPS, Peer, time_peer

CPU = torch.device("cpu")


@pytest.mark.parametrize(("peer", "millions"), [(SD15_INPAINTING, 859.5), (LDM_256, 274.1)])
def test_the_networks_have_the_published_size(peer: Peer, millions: float) -> None:
    with torch.device("meta"):
        unet = getattr(diffusers, peer.unet)(**peer.unet_config)
    count = sum(parameter.numel() for parameter in unet.parameters()) / 1e6
    assert count == pytest.approx(millions, abs=0.1)


def test_steps_are_multiplied_and_the_decoder_is_added() -> None:
    small = replace(
        LDM_256,
        unet_config={
            **LDM_256.unet_config,
            "sample_size": 16,
            "block_out_channels": (32, 32, 32, 32),
            "attention_head_dim": 8,
        },
        decoder_config={**LDM_256.decoder_config, "block_out_channels": (32, 32, 32), "num_vq_embeddings": 8},
        latent=(3, 16),
        picture=64,
    )
    found = time_peer(small, CPU, precisions=("fp32",), steps_timed=2)
    assert (found.steps, found.steps_timed, found.precision) == (STEPS, 2, "fp32")
    best, median, worst = found.step_s["fp32"]
    assert 0 < best <= median <= worst
    assert found.seconds == pytest.approx(STEPS * median + found.decoder_s)
    assert found.images_per_s == pytest.approx(1 / found.seconds)
