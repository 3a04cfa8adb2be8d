"""What an export holds, counted while the pictures pass: types, models, recipes, solvers, seeds, audit figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from factory_gen.export.item import ExportItem


@dataclass(slots=True)
class Spread:
    """Least, mean and largest of a figure that is seen one at a time; whole numbers stay exact at the ends."""

    count: int = 0
    total: float = 0.0
    least: float = float("inf")
    largest: float = float("-inf")

    def add(self, figure: float) -> None:
        """Take one figure in."""
        self.count += 1
        self.total += figure
        self.least = min(self.least, figure)
        self.largest = max(self.largest, figure)

    @property
    def mean(self) -> float:
        """Mean of the figures so far."""
        return self.total / max(self.count, 1)


class Summary:
    """Counts over the synthetic pictures of an export. Memory does not grow with their number."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.models: Counter[tuple[str, str]] = Counter()
        self.draws: Counter[tuple[str, str]] = Counter()
        self.seeds = Spread()
        self.audit_numbers: dict[str, Spread] = {}
        self.audit_answers: dict[str, Counter[bool]] = {}

    def add(self, item: ExportItem) -> None:
        """Take one picture in."""
        lineage = item.lineage
        self.types[item.defect_type] += 1
        self.models[str(lineage["model_version"]), str(lineage["recipe_sha256"])] += 1
        self.draws[str(lineage["solver"]), str(lineage["steps"])] += 1
        self.seeds.add(int(str(lineage["seed"])))
        audit = lineage["audit"]
        for key, value in _leaves(audit if isinstance(audit, Mapping) else {}):
            if isinstance(value, bool):
                self.audit_answers.setdefault(key, Counter())[value] += 1
            elif isinstance(value, int | float):
                self.audit_numbers.setdefault(key, Spread()).add(value)


def _leaves(figures: Mapping[str, object], head: str = "") -> Iterator[tuple[str, object]]:
    """Every value of nested mappings with its dotted key."""
    for key, value in figures.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{head}{key}.")
        else:
            yield f"{head}{key}", value
