"""Cheap scores of a part's real defects, measured once and kept in a file under home.

Every generation holds its samples against them, so they are not measured anew each time. The file is nothing but a
memory: it may be deleted, and a damaged or outdated one is measured again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from data_registry.records import PartRecord, SourceImageRecord
from factory_gen.images.dataset import PartImage
from factory_gen.images.foreground import foreground
from factory_gen.images.windows import to_unit
from factory_gen.quality.limits import RealDefect
from factory_gen.quality.looks import measure_looks
from factory_gen.quality.scores import SampleScores
from pipelines.pictures.part_images import generator_images, load_image, spread
from pipelines.settings import Settings
from pipelines.wiring import Workplace

# Written into the file; another number makes every stored score be measured again.
MEASURES = 2
MOST_REALS = 2000


def real_looks(work: Workplace, part: PartRecord, few: int = 0) -> list[RealDefect]:
    """Contrast, fill, grain, seam and rim of the generator split's masked defects, at most 2,000 spread evenly.

    Args:
        work: registry, blobs and the memory under home.
        part: whose.
        few: defects per type at most, 0 for all.
    """
    return looks_of_rows(work, part, spread(generator_images(work, part, kind="defect", few=few), MOST_REALS))


def looks_of_rows(work: Workplace, part: PartRecord, rows: Sequence[SourceImageRecord]) -> list[RealDefect]:
    """The same of any masked defects, in their order."""
    path = memory_file(work.settings, part)
    known = _read(path)
    missing = [row for row in rows if _key(row) not in known]
    for row in missing:
        image = load_image(work, row)
        if image.mask is not None:
            known[_key(row)] = _measured(image).known()
    if missing:
        _write(path, known)
    return [
        RealDefect(
            defect_type=row.defect_type or "",
            group=row.group,
            seen=row.split == "generator",
            scores=SampleScores(**known.get(_key(row), {})),
        )
        for row in rows
    ]


def memory_file(settings: Settings, part: PartRecord) -> Path:
    """Where the scores of a part's real defects are kept; the part's name never becomes a path."""
    return settings.home / "quality" / f"{hashlib.sha256(part.name.encode()).hexdigest()[:24]}.json"


def _measured(image: PartImage) -> SampleScores:
    assert image.mask is not None
    channels = 1 if image.pixels.ndim == 2 else image.pixels.shape[2]
    picture = to_unit(image.pixels, image.bit_depth, channels)
    return measure_looks(picture, image.mask, foreground(image.pixels))


def _key(row: SourceImageRecord) -> str:
    return f"{row.sha256}:{row.mask_sha256}"


def _read(path: Path) -> dict[str, dict[str, float]]:
    with suppress(OSError, ValueError, TypeError, KeyError):
        stored: dict[str, Any] = json.loads(path.read_text())
        if stored["measures"] == MEASURES:
            names = {field.name for field in fields(SampleScores)}
            return {
                str(key): {str(name): float(value) for name, value in scores.items() if name in names}
                for key, scores in stored["looks"].items()
            }
    return {}


def _write(path: Path, known: dict[str, dict[str, float]]) -> None:
    # A memory that cannot be written costs time, nothing else.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as handle:
            json.dump({"measures": MEASURES, "looks": known}, handle, sort_keys=True)
        os.replace(handle.name, path)
