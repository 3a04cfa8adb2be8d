"""The speed figure: seconds per kept image on a warm machine, rejected draws and checks included.

A generation works in chunks. Each kept image carries its chunk's seconds divided by the chunk's kept images; the
seconds of a chunk that kept nothing go to the next one. The first chunk warms the machine up and is left out where
there is another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from data_registry.session import Registry
from pipelines.figures.kpi_names import SPEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a kept image took.

    Attributes:
        p50, p95: seconds per kept image over the kept images.
        first: seconds from the beginning of drawing to the first stored chunk with an image.
        seconds: spent on the images behind p50 and p95.
        kept: number of these images.
        chunks: chunks behind them.
        warm: the first chunk was left out.
    """

    p50: float
    p95: float
    first: float
    seconds: float
    kept: int
    chunks: int
    warm: bool


def pace(chunks: Sequence[tuple[float, int]]) -> Pace | None:
    """Work out the pace of a generation.

    Args:
        chunks: (seconds, images kept) of each chunk in order.

    Returns:
        None where no image was kept.
    """
    spent, whole = 0.0, list[tuple[float, int]]()
    for seconds, kept in chunks:
        spent += seconds
        if kept:
            whole.append((spent, kept))
            spent = 0.0
    if not whole:
        return None
    # what the last chunks cost without keeping anything belongs to the images before them
    whole[-1] = (whole[-1][0] + spent, whole[-1][1])
    warm = whole[1:] or whole
    each = np.repeat([seconds / kept for seconds, kept in warm], [kept for _, kept in warm])
    p50, p95 = (float(value) for value in np.quantile(each, [0.5, 0.95]))
    return Pace(
        p50=p50,
        p95=p95,
        first=whole[0][0],
        seconds=sum(seconds for seconds, _ in warm),
        kept=len(each),
        chunks=len(warm),
        warm=len(warm) < len(whole),
    )


def record_speed(
    registry: Registry, part_id: int, chunks: Sequence[tuple[float, int]], how: Mapping[str, Any]
) -> Pace | None:
    """Keep the pace of a generation beside the part's other figures; nothing where no image was kept.

    Args:
        registry: where to.
        part_id: the part.
        chunks: as for `pace`.
        how: what belongs to the figure: device, model, window, batch, solver, steps; JSON-able.
    """
    found = pace(chunks)
    if found is not None:
        with registry.write() as rows:
            rows.kpis.add(
                part_id,
                name=SPEED,
                value=found.p50,
                high=found.p95,
                unit="s",
                details={**how, **asdict(found)},
            )
    return found
