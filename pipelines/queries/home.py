"""What the page Home reads: how far a part has come, and its three figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data_registry.outcome_records import HELPS
from data_registry.records import PartRecord
from pipelines import status
from pipelines.figures.kpi_names import BENEFIT, SPEED, USABLE
from pipelines.wiring import Workplace

STEPS = ("catalogue", "training", "generate", "review", "gate", "datasets")
FIGURES = (SPEED, USABLE, BENEFIT)
TREND = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that is kept over time: the latest with its bounds, and the ones before it, oldest first."""

    value: float
    low: float | None
    high: float | None
    unit: str
    before: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeFacts:
    """How far a part has come.

    Attributes:
        good, defective, mask_wanted: pictures.
        models: versions.
        samples, reviewed: generated, and decided on by a person.
        verdict: of the latest gate; None without one.
        exports: folders handed out.
        figures: by the names of `pipelines.figures.kpi_names`; those that have been worked out.
    """

    good: int
    defective: int
    mask_wanted: int
    models: int
    samples: int
    reviewed: int
    verdict: str | None
    exports: int
    figures: Mapping[str, Figure]

    @property
    def done(self) -> Mapping[str, bool]:
        """Step to whether it is behind us; a gate only when its verdict is "helps"."""
        return {
            "catalogue": self.good + self.defective > 0 and self.mask_wanted == 0,
            "training": self.models > 0,
            "generate": self.samples > 0,
            "review": self.reviewed > 0,
            "gate": self.verdict == HELPS,
            "datasets": self.exports > 0,
        }

    @property
    def next_step(self) -> str | None:
        """The first step that is not done; None when all are."""
        return next((step for step in STEPS if not self.done[step]), None)


def home_facts(work: Workplace, part: PartRecord) -> HomeFacts:
    """Read a part's state.

    Raises:
        NotFound: the part has been deleted.
    """
    found = status.run(work, part.name)
    line = found.parts[0]
    with work.registry.read() as rows:
        verdicts = rows.verdicts.list(part.id)
        kept = {name: rows.kpis.recent(part.id, name, TREND) for name in FIGURES}
    figures = {
        name: Figure(
            value=records[-1].value,
            low=records[-1].low,
            high=records[-1].high,
            unit=records[-1].unit,
            before=tuple(record.value for record in records),
        )
        for name, records in kept.items()
        if records
    }
    return HomeFacts(
        good=line.good,
        defective=line.defective,
        mask_wanted=line.mask_wanted,
        models=line.models,
        samples=line.samples,
        reviewed=sum(one.ok + one.ng + one.undecided for one in found.samples),
        verdict=max(verdicts, key=lambda one: one.id).decision if verdicts else None,
        exports=line.exports,
        figures=figures,
    )
