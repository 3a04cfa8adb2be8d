from __future__ import annotations

import pytest
from scipy import stats

from data_registry.outcome_records import ReviewCount
from pipelines.figures.kpi_quality import quality, share, wilson

COUNTS = [
    ReviewCount("sample", "crack", "ok", 60),
    ReviewCount("sample", "crack", "ng", 10),
    ReviewCount("sample", "pit", "ok", 6),
    ReviewCount("sample", "pit", "undecided", 4),
    ReviewCount("real defect", "crack", "ok", 14),
    ReviewCount("real defect", "pit", "ng", 2),
    ReviewCount("real good", None, "ok", 1),
    ReviewCount("real good", None, "ng", 3),
]


@pytest.mark.parametrize(("yes", "of"), [(0, 10), (1, 10), (66, 80), (10, 10), (999, 1000)])
def test_the_interval_is_scipys(yes: int, of: int) -> None:
    expected = stats.binomtest(yes, of).proportion_ci(method="wilson")
    assert wilson(yes, of) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("yes", "of"), [(0, 0), (3, 2), (-1, 2)])
def test_no_share_of_nothing(yes: int, of: int) -> None:
    with pytest.raises(ValueError, match="of"):
        wilson(yes, of)


def test_usable_is_approved_of_decided() -> None:
    found = quality(COUNTS, blind=True)
    assert found is not None
    assert found.usable == share(66, 80)
    assert found.per_type == {"crack": share(60, 70), "pit": share(6, 10)}
    assert (found.real_rejected, found.good_approved) == (share(2, 16), share(1, 4))
    assert found.controls_right == share(17, 20)
    assert (found.control_share, found.enough_controls, found.blind) == (0.2, True, True)


def test_without_controls_the_reviewers_are_not_judged() -> None:
    found = quality(COUNTS[:4], blind=False)
    assert found is not None
    assert (found.control_share, found.enough_controls) == (0.0, False)
    assert (found.real_rejected, found.good_approved, found.blind) == (None, None, False)
    assert found.controls_right is None


@pytest.mark.parametrize("counts", [[], COUNTS[4:]])
def test_without_a_decision_on_a_sample_there_is_no_figure(counts: list[ReviewCount]) -> None:
    assert quality(counts, blind=True) is None
