from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory_gen.errors import UsageError
from pipelines.figures.roi_inputs import (
    DefectCounts,
    Estimate,
    RoiInputs,
    estimates,
    in_currency,
    is_money,
    read_inputs,
    unit_of,
)

FILE = """
currency = "EUR"
months = 12

[cost_escape]
mid = 300
low = 150
high = 600
source = "complaints of last year"

[defect_counts]
defects = 50
parts = 5000
source = "line 3, March"

[recall]
total = 60
gained = 9
lost = 3
source = "trial"
"""


def test_a_file_overwrites_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "plant.toml"
    path.write_text(FILE)
    read = read_inputs(path)
    assert (read.currency, read.months) == ("EUR", 12)
    assert read.cost_escape == Estimate(mid=300, low=150, high=600, source="complaints of last year")
    assert read.defect_counts is not None and read.recall is not None
    assert (read.defect_counts.parts, read.recall.difference, read.recall.discordant) == (5000, 0.1, 0.2)
    assert read.parts_per_month == RoiInputs().parts_per_month


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[cost_escap]\nmid = 3\nsource = 'x'", "cost_escape"),
        ("[cost_escape]\nmid = 3", "source"),
        ("[cost_escape]\nmid = 3\nsource = ' '", "without a source"),
        ("[cost_escape]\nmid = 3\nlow = 4\nsource = 'x'", "out of order"),
        ("[cost_escape]\nmid = -3\nsource = 'x'", "cost_escape is below 0"),
        ("[defect_rate]\nmid = 1\nhigh = 1.1\nsource = 'x'", "defect_rate is a share"),
        ("[defect_counts]\ndefects = 6\nparts = 5\nsource = 'x'", "6 defects among 5"),
        ("[recall]\ntotal = 5\ngained = 4\nlost = 2\nsource = 'x'", "4 gained and 2 lost of 5"),
        ("currency = ''", "currency"),
        ("months = 1", "horizon"),
        ("ramp_months = -1", "ramp"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, names: str) -> None:
    path = tmp_path / "plant.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=names):
        read_inputs(path)


def test_every_figure_has_a_unit_and_says_that_it_is_an_example() -> None:
    inputs = RoiInputs()
    for name in estimates():
        assert unit_of(name, "EUR"), name
        source = getattr(inputs, name).source
        assert "replace it" in source or "not measured" in source
    assert unit_of("cost_escape", "EUR") == "EUR/escape"
    assert unit_of("parts_per_month", "EUR") == "parts/month"
    assert {name for name in estimates() if is_money(name)} == {
        "cost_escape",
        "cost_caught",
        "cost_false_reject",
        "set_up_cost",
        "running_cost",
        "hourly_wage",
        "collection_cost",
    }


def test_another_currency_scales_money_alone() -> None:
    inputs = RoiInputs()
    other = in_currency(inputs, "JPY", 150.0)
    assert other.currency == "JPY"
    for name in estimates():
        factor = 150.0 if is_money(name) else 1.0
        before, after = getattr(inputs, name), getattr(other, name)
        assert (after.lowest, after.mid, after.highest) == pytest.approx(
            (before.lowest * factor, before.mid * factor, before.highest * factor)
        )
    assert "times 150" in other.cost_escape.source


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        in_currency(RoiInputs(), "EUR", rate)


def test_a_stated_point_is_a_triangle_without_width() -> None:
    facts: dict[str, Any] = {"mid": 3.0, "source": "x"}
    assert (Estimate(**facts).lowest, Estimate(**facts).highest) == (3.0, 3.0)


def test_what_the_plant_has_stated_is_no_example_any_more() -> None:
    ours = RoiInputs().examples()
    assert {"parts_per_month", "defect_rate", "cost_escape", "running_cost"} <= set(ours)
    assert "hourly_wage" not in ours, "it does not count without a defect that need not be collected"
    stated = RoiInputs(
        cost_escape=Estimate(mid=300, source="complaints"),
        defect_counts=DefectCounts(defects=50, parts=5000, source="line 3"),
        equivalent_defects=Estimate(mid=20, source="trial"),
    )
    assert set(ours) - set(stated.examples()) == {"cost_escape", "defect_rate"}
    assert "hourly_wage" in stated.examples()
