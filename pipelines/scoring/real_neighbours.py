"""Real defects beside a sample: the nearest one, and the limit samples of its type. Kept in memory per catalogue."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_registry.records import PartRecord, SourceImageRecord
from factory_gen.metrics.neighbours import CopyCheck, defect_patches, learn_copy_check, near_copy
from factory_gen.quality.limits import Limit, ScoreLimits, learn_limits
from pipelines.pictures.part_images import generator_images, spread
from pipelines.review.pictures import Shown, load_real
from pipelines.scoring.real_looks import looks_of_rows
from pipelines.wiring import Workplace

MOST_PER_TYPE = 120
_LOCK = threading.Lock()
FAINTEST, TYPICAL, STRONGEST = "faintest", "typical", "strongest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """The nearest real defect of the type, how far it is (0 the same, 1 unrelated), and what counts as a copy."""

    row: SourceImageRecord
    distance: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bank:
    rows: Sequence[SourceImageRecord]
    check: CopyCheck


class RealDefects:
    """A part's real defects of the generator split, learned when first asked for; safe between threads."""

    def __init__(self, work: Workplace, part: PartRecord) -> None:
        self._work, self._part = work, part
        self._banks: dict[str, _Bank | None] = {}
        self._rows = generator_images(work, part, kind="defect")
        self._limits: ScoreLimits | None = None
        self._contrast: dict[int, float] = {}

    def nearest(self, defect_type: str, shown: Shown, *, but: str | None = None) -> Neighbour | None:
        """The real defect that a picture's defect looks like most; None where the type has none.

        Args:
            defect_type: whose.
            shown: the picture.
            but: hash of a picture that does not count, since it is the same one.
        """
        bank = self._bank(defect_type)
        if bank is None or not shown.mask.any():
            return None
        patches = defect_patches(shown.pixels.astype(np.float32), shown.mask)
        found = near_copy(bank.check, patches)
        if bank.rows[found.index].sha256 == but and len(bank.rows) > 1:
            turned = bank.check.references
            similar = np.einsum("nsd,d->ns", turned, patches[0]).max(axis=1)
            similar[[place for place, row in enumerate(bank.rows) if row.sha256 == but]] = -1.0
            place = int(similar.argmax())
            return Neighbour(row=bank.rows[place], distance=float(1 - similar[place]), limit=bank.check.limit)
        return Neighbour(row=bank.rows[found.index], distance=found.distance, limit=bank.check.limit)

    def limit(self, defect_type: str, score: str) -> Limit:
        """Where a score of the type must lie, learned from the real ones; no bounds where nothing is known."""
        with _LOCK:
            if self._limits is None:
                reals = looks_of_rows(self._work, self._part, self._rows)
                self._limits = learn_limits(reals) if reals else ScoreLimits({})
                self._contrast = {
                    row.id: real.scores.contrast for row, real in zip(self._rows, reals, strict=True)
                }
        return self._limits.of(defect_type, score)

    def limit_samples(self, defect_type: str) -> dict[str, SourceImageRecord]:
        """The faintest, a typical and the strongest real defect of the type: what still is one, and what is not."""
        self.limit(defect_type, "contrast")
        own = sorted(
            (row for row in self._rows if row.defect_type == defect_type),
            key=lambda row: self._contrast.get(row.id, 0.0),
        )
        if not own:
            return {}
        if len(own) < 3:
            return {TYPICAL: own[len(own) // 2]}
        return {FAINTEST: own[0], TYPICAL: own[len(own) // 2], STRONGEST: own[-1]}

    def _bank(self, defect_type: str) -> _Bank | None:
        with _LOCK:
            if defect_type not in self._banks:
                self._banks[defect_type] = self._learn(defect_type)
            return self._banks[defect_type]

    def _learn(self, defect_type: str) -> _Bank | None:
        rows = spread([row for row in self._rows if row.defect_type == defect_type], MOST_PER_TYPE)
        loaded = [(row, load_real(self._work, row)) for row in rows]
        usable = [(row, shown) for row, shown in loaded if shown.mask.any()]
        if not usable:
            return None
        patches = np.stack([defect_patches(one.pixels.astype(np.float32), one.mask) for _, one in usable])
        return _Bank(
            rows=[row for row, _ in usable],
            check=learn_copy_check(patches, [row.group for row, _ in usable]),
        )


_KEPT: dict[tuple[str, int, int], RealDefects] = {}


def real_defects(work: Workplace, part: PartRecord) -> RealDefects:
    """The part's real defects, learned once for each catalogue version."""
    with work.registry.read() as rows:
        version = rows.datasets.latest(part.id, "catalogue")
    key = (work.settings.registry_url, part.id, version.id if version else 0)
    with _LOCK:
        if key not in _KEPT:
            for old in [one for one in _KEPT if one[:2] == key[:2]]:
                del _KEPT[old]
            _KEPT[key] = RealDefects(work, part)
        return _KEPT[key]
