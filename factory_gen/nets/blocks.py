"""Building blocks of the transformers: attention, MLP, adaptive normalisation, patches, embeddings.

Shape letters: B batch, N tokens, D width, K latent channels, h w latent size, P patch side.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from factory_gen.nets.fast import attend, cut_patches, feed_forward, modulate
from factory_gen.nets.local import FEATURES, LocalPath


class Attention(nn.Module):
    """Multi-head self attention over (B,N,D)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x_BND: torch.Tensor) -> torch.Tensor:
        """Mix the tokens; (B,N,D) in and out."""
        result: torch.Tensor = self.out(attend(self.qkv(x_BND), self.heads))
        return result


class Block(nn.Module):
    """Pre-norm transformer block whose scale, shift and gate come from a condition vector (adaLN-zero, 2212.09748)."""

    def __init__(self, width: int, heads: int, cond_width: int) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(width, elementwise_affine=False)
        self.attention = Attention(width, heads)
        self.norm_2 = nn.LayerNorm(width, elementwise_affine=False)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width)
        )
        self.modulation = nn.Linear(cond_width, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x_BND: torch.Tensor, cond_BD: torch.Tensor) -> torch.Tensor:
        """(B,N,D) tokens and (B,cond_width) condition to (B,N,D)."""
        parts = self.modulation(F.silu(cond_BD))[:, None, :].chunk(6, dim=-1)
        shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = parts
        x_BND = x_BND + gate_1 * self.attention(modulate(self.norm_1, x_BND, shift_1, scale_1))
        x_BND = x_BND + gate_2 * feed_forward(self.mlp, modulate(self.norm_2, x_BND, shift_2, scale_2))
        return x_BND


class Trunk(nn.Module):
    """Patches in, `depth` blocks, patches out: the body shared by prior and flow.

    Args:
        in_channels, out_channels: channels of the (B,.,h,w) maps.
        size: latent height and width, equal.
        patch: side of a patch in latent pixels.
        width, depth, heads: of the transformer.
        cond_width: width of the condition vector.
        local: channels of the convolutions beside the blocks (see `nets/local.py`); 0 leaves them out.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        out_channels: int,
        size: int,
        patch: int,
        width: int,
        depth: int,
        heads: int,
        cond_width: int,
        local: int = 0,
    ) -> None:
        super().__init__()
        self.patch, self.grid = patch, size // patch
        self.embed = nn.Linear(in_channels * patch * patch, width)
        self.position = nn.Parameter(sine_positions(self.grid, width))
        self.blocks = nn.ModuleList(Block(width, heads, cond_width) for _ in range(depth))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = nn.Linear(cond_width, 2 * width)
        self.head = nn.Linear(width, out_channels * patch * patch)
        # A direct path from patch to patch keeps fine detail that a narrow width would squeeze out.
        self.skip = nn.Linear(in_channels * patch * patch, out_channels * patch * patch)
        for layer in (self.modulation, self.head, self.skip):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.local = LocalPath(in_channels, out_channels, local, cond_width) if local else None
        self.to_local = nn.Linear(width, FEATURES * patch * patch) if local else None

    def tokens(
        self, maps_BCHW: torch.Tensor, cond_BD: torch.Tensor, extra_BND: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the blocks; returns (patches (B,N,C*P*P), tokens (B,N,D)). `extra_BND` is added to the first tokens."""
        patches = cut_patches(maps_BCHW, self.patch)
        x_BND = self.embed(patches) + self.position
        if extra_BND is not None:
            x_BND = x_BND + extra_BND
        for block in self.blocks:
            x_BND = block(x_BND, cond_BD)
        return patches, x_BND

    def forward(
        self, maps_BCHW: torch.Tensor, cond_BD: torch.Tensor, extra_BND: torch.Tensor | None = None
    ) -> torch.Tensor:
        """(B,in_channels,h,w), (B,cond_width) and, if any, extra tokens (B,N,D) to (B,out_channels,h,w)."""
        patches, x_BND = self.tokens(maps_BCHW, cond_BD, extra_BND)
        shift, scale = self.modulation(F.silu(cond_BD))[:, None, :].chunk(2, dim=-1)
        x_BND = modulate(self.norm, x_BND, shift, scale)
        out = unpatchify(self.head(x_BND) + self.skip(patches), self.patch, self.grid)
        if self.local is None or self.to_local is None:
            return out
        features = unpatchify(self.to_local(x_BND), self.patch, self.grid)
        result: torch.Tensor = out + self.local(maps_BCHW, features, cond_BD)
        return result


class ScalarEmbedding(nn.Module):
    """Embed a number in [0,1] (time, strength) as a vector through sines of rising frequency.

    Args:
        width: length of the vector.
        waves: number of frequencies.
        highest: the fastest of them, in radians per unit; lower makes the embedding's derivative calmer.
    """

    def __init__(self, width: int, waves: int = 64, highest: float = 200.0) -> None:
        super().__init__()
        self.register_buffer(
            "frequencies", torch.exp(torch.linspace(0.0, math.log(highest), waves)), persistent=False
        )
        self.mlp = nn.Sequential(nn.Linear(2 * waves, width), nn.SiLU(), nn.Linear(width, width))
        self.frequencies: torch.Tensor

    def forward(self, value_B: torch.Tensor) -> torch.Tensor:
        """(B,) to (B,width)."""
        angle = value_B.float()[:, None] * self.frequencies[None]
        result: torch.Tensor = self.mlp(torch.cat([angle.cos(), angle.sin()], dim=1))
        return result

    @torch.no_grad()
    def imitate(self, other: ScalarEmbedding, points: int = 513, ridge: float = 1e-2) -> None:
        """Set the last layer so that the vectors come as near to another embedding's as these waves can (ridge)."""
        device = self.frequencies.device
        value = torch.linspace(0.0, 1.0, points, device=device)
        angle = value[:, None] * self.frequencies[None]
        hidden = self.mlp[1](self.mlp[0](torch.cat([angle.cos(), angle.sin()], dim=1))).double()
        features = torch.cat([hidden, torch.ones_like(hidden[:, :1])], dim=1)
        gram = features.T @ features + ridge * torch.eye(
            features.shape[1], dtype=torch.float64, device=device
        )
        found = torch.linalg.solve(gram, features.T @ other(value).double()).float()
        last = self.mlp[2]
        assert isinstance(last, nn.Linear)
        last.weight.copy_(found[:-1].T)
        last.bias.copy_(found[-1])


def unpatchify(x_BNC: torch.Tensor, patch: int, grid: int) -> torch.Tensor:
    """(B,N,C*P*P) back to (B,C,h,w); the inverse of `cut_patches`."""
    batch = x_BNC.shape[0]
    x = x_BNC.reshape(batch, grid, grid, -1, patch, patch)
    return x.permute(0, 3, 1, 4, 2, 5).reshape(batch, -1, grid * patch, grid * patch)


def sine_positions(grid: int, width: int) -> torch.Tensor:
    """Fixed 2-D sine positions (grid*grid, width) to start the learned ones from."""
    steps = torch.arange(grid, dtype=torch.float32)
    quarter = width // 4
    rates = torch.exp(-math.log(1000.0) * torch.arange(quarter) / quarter)
    line = torch.cat([torch.sin(steps[:, None] * rates), torch.cos(steps[:, None] * rates)], dim=1)
    rows = line[:, None, :].expand(grid, grid, 2 * quarter)
    cols = line[None, :, :].expand(grid, grid, 2 * quarter)
    flat = torch.cat([rows, cols], dim=-1).reshape(grid * grid, 4 * quarter)
    return F.pad(flat, (0, width - 4 * quarter)) * 0.3
