"""What the money page is computed from: each figure with a low, a middle and a high value, its unit and its source.

The defaults are examples, marked as such; the plant overwrites them in a TOML file. Recall and false rejects have
no default: they are measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from pipelines.config_file import build, read_toml

MONEY = "{currency}"  # stands in a unit for the label of the currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure that somebody states: a triangle from `low` over `mid` to `high`, or a point without these two.

    `source` says where it is from; an example of ours is no source for a decision.
    """

    mid: float
    source: str
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise ValueError("a figure without a source")
        if not self.lowest <= self.mid <= self.highest:
            raise ValueError(f"low {self.lowest:g}, mid {self.mid:g}, high {self.highest:g} out of order")

    @property
    def lowest(self) -> float:
        """The low end; the middle where none is stated."""
        return self.mid if self.low is None else self.low

    @property
    def highest(self) -> float:
        """The high end; the middle where none is stated."""
        return self.mid if self.high is None else self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectCounts:
    """The true defect rate as counted: `defects` among `parts`."""

    defects: int
    parts: int
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.defects <= self.parts or self.parts < 1:
            raise ValueError(f"{self.defects} defects among {self.parts} parts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The same real pictures judged before and after: how many answers changed, and which way.

    Attributes:
        total: pictures judged (real defects for recall, good pictures for false rejects).
        gained: answered yes only after; for recall newly found, for false rejects newly rejected.
        lost: answered yes only before.
        source: which trial.
        before: share answered yes before, in [0,1], for people; the formulas need the difference alone.
    """

    total: int
    gained: int
    lost: int
    source: str
    before: float | None = None

    def __post_init__(self) -> None:
        if self.total < 1 or min(self.gained, self.lost) < 0 or self.gained + self.lost > self.total:
            raise ValueError(f"{self.gained} gained and {self.lost} lost of {self.total}")

    @property
    def difference(self) -> float:
        """Share after less share before."""
        return (self.gained - self.lost) / self.total

    @property
    def discordant(self) -> float:
        """Share of the answers that changed."""
        return (self.gained + self.lost) / self.total


_REPLACE = "replace it"
_EXAMPLE, _ASSUMED = f"example, {_REPLACE}", f"assumed, {_REPLACE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiInputs:
    """All that the formulas need beside what was measured. One unit for each figure, shown beside it.

    Attributes:
        currency: label of the money in this file.
        months: horizon T.
        ramp_start, ramp_months: months without benefit, then months until it is full.
        parts_per_month: V.
        defect_rate: p, the true rate; `defect_counts` replaces it by a Beta distribution from counts.
        covered_share: u, share of defects that belong to the types the model covers.
        inspection_share: a, share of escapes that inspection answers for.
        cost_escape: C_e of one defect that leaves the plant.
        cost_caught: C_i of one that is caught; it is not free.
        cost_false_reject: C_f of one good part that is rejected, scrap included.
        set_up_cost: K0, once: share of hardware, set-up, training, masks.
        running_cost: K1 per month: review, power, support, training again.
        equivalent_defects: N_eq, real defects that need not be collected because the samples give the same recall; 0
            unless that was measured, so that hours saved and calendar time are not counted twice.
        hours_per_mask, hourly_wage, collection_cost: what one of these would cost.
        recall: pictures of real defects before and after; None takes the gate's.
        false_rejects: good pictures before and after; None takes the gate's.
    """

    currency: str = "USD"
    months: int = 24
    ramp_start: int = 1
    ramp_months: int = 3
    parts_per_month: Estimate = field(
        default=Estimate(mid=50_000, source=_EXAMPLE), metadata={"unit": "parts/month"}
    )
    defect_rate: Estimate = field(
        default=Estimate(mid=0.01, source=_ASSUMED), metadata={"unit": "share of parts"}
    )
    defect_counts: DefectCounts | None = None
    covered_share: Estimate = field(
        default=Estimate(mid=0.5, source=_ASSUMED, low=0.3, high=0.8), metadata={"unit": "share of defects"}
    )
    inspection_share: Estimate = field(
        default=Estimate(mid=0.7, source=_EXAMPLE, low=0.5, high=0.9), metadata={"unit": "share of escapes"}
    )
    cost_escape: Estimate = field(
        default=Estimate(mid=38, source=_EXAMPLE, low=8, high=60), metadata={"unit": f"{MONEY}/escape"}
    )
    cost_caught: Estimate = field(
        default=Estimate(mid=5, source=_ASSUMED, low=2, high=10), metadata={"unit": f"{MONEY}/caught defect"}
    )
    cost_false_reject: Estimate = field(
        default=Estimate(mid=4.8, source=_EXAMPLE, low=2, high=12), metadata={"unit": f"{MONEY}/false reject"}
    )
    set_up_cost: Estimate = field(
        default=Estimate(mid=12_000, source=_ASSUMED), metadata={"unit": f"{MONEY}, once"}
    )
    running_cost: Estimate = field(
        default=Estimate(mid=300, source=_ASSUMED), metadata={"unit": f"{MONEY}/month"}
    )
    equivalent_defects: Estimate = field(
        default=Estimate(mid=0, source="none: not measured"), metadata={"unit": "real defects"}
    )
    hours_per_mask: Estimate = field(
        default=Estimate(mid=0.25, source=_ASSUMED), metadata={"unit": "hours/defect"}
    )
    hourly_wage: Estimate = field(
        default=Estimate(mid=40, source=_ASSUMED), metadata={"unit": f"{MONEY}/hour"}
    )
    collection_cost: Estimate = field(
        default=Estimate(mid=20, source=_ASSUMED), metadata={"unit": f"{MONEY}/defect"}
    )
    recall: Paired | None = None
    false_rejects: Paired | None = None

    def __post_init__(self) -> None:
        if not self.currency.strip() or len(self.currency) > 8:
            raise ValueError(f"currency {self.currency!r}: a short label such as EUR is wanted")
        if not 0 <= self.ramp_start < self.months or self.ramp_months < 0:
            raise ValueError("a horizon that ends before the benefit begins, or a ramp below 0")
        for name in estimates():
            if getattr(self, name).lowest < 0:
                raise ValueError(f"{name} is below 0")
        for name in ("defect_rate", "covered_share", "inspection_share"):
            if getattr(self, name).highest > 1:
                raise ValueError(f"{name} is a share and above 1")

    def examples(self) -> tuple[str, ...]:
        """Names of the figures that are still ours and count, so that no decision should rest on them."""
        return tuple(name for name in estimates() if self._is_example(name))

    def _is_example(self, name: str) -> bool:
        if name == "defect_rate" and self.defect_counts is not None:
            return False
        # without a defect that need not be collected, what collecting costs does not count
        unused = self.equivalent_defects.highest == 0
        if unused and name in ("hours_per_mask", "hourly_wage", "collection_cost"):
            return False
        return _REPLACE in getattr(self, name).source


def estimates() -> tuple[str, ...]:
    """Names of the figures that are stated as `Estimate`, in the order of the page."""
    return tuple(one.name for one in fields(RoiInputs) if "unit" in one.metadata)


def unit_of(name: str, currency: str) -> str:
    """The unit of a stated figure, with the currency's label where it is money."""
    units: Mapping[str, str] = {one.name: one.metadata.get("unit", "") for one in fields(RoiInputs)}
    return units[name].replace(MONEY, currency)


def is_money(name: str) -> bool:
    """Whether a stated figure is an amount of money, which a change of currency scales."""
    return MONEY in unit_of(name, MONEY)


def read_inputs(path: Path) -> RoiInputs:
    """Read a plant's figures from a TOML file; what it leaves out keeps its default.

    Raises:
        InputRefused: no such file, or no TOML.
        UsageError: an unknown key, a wrong type, or a value out of range; the key is named.
    """
    return build(RoiInputs, read_toml(path), where=path.name)


def in_currency(inputs: RoiInputs, currency: str, rate: float) -> RoiInputs:
    """Return the same inputs in another currency.

    Args:
        inputs: as read.
        currency: the other label.
        rate: how many of it one unit of the file's currency is worth; typed by the user, above 0.

    Raises:
        ValueError: the rate is not above 0.
    """
    if not rate > 0 or not math.isfinite(rate):
        raise ValueError(f"a rate of {rate}")
    values = {one.name: getattr(inputs, one.name) for one in fields(RoiInputs)}
    for name in estimates():
        if is_money(name):
            values[name] = _scaled(values[name], rate)
    return RoiInputs(**{**values, "currency": currency})


def _scaled(one: Estimate, rate: float) -> Estimate:
    ends = {
        key: None if value is None else value * rate for key, value in (("low", one.low), ("high", one.high))
    }
    return Estimate(mid=one.mid * rate, source=f"{one.source}; times {rate:g}", **ends)
