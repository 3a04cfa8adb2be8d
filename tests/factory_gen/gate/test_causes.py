"""Why it failed, and the curves for the money page: constructed cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from factory_gen.errors import UsageError
from factory_gen.gate.causes import faint_shares, find_causes
from factory_gen.gate.curves import operating_point, precision_recall
from factory_gen.gate.decide import HARMS, HELPS, NOT_PROVEN, Lift, draw_groups
from factory_gen.gate.pictures import GatePicture
from factory_gen.gate.scores import Scores, Tally
from factory_gen.gate.settings import SETTINGS, find_settings
from tests.factory_gen.gate.drawn_defects import plates


def lift(value: float) -> Lift:
    return Lift(value, value - 0.1, value + 0.1, 0.05, 0.01, 3)


def test_the_worst_types_and_the_hardest_samples_come_first() -> None:
    found = find_causes(
        HARMS,
        {"a": lift(-0.1), "b": lift(0.2), "c": lift(-0.3)},
        [{"sample 1": 0.2, "sample 2": 3.0}, {"sample 1": 0.4, "sample 2": 1.0}],
        {"a": 0.1},
        {"a": 1.0, "b": 1.0, "c": 1.0},
    )
    assert found.lost_types == ("c", "a")
    assert found.hardest == (("sample 2", 2.0), ("sample 1", pytest.approx(0.3)))
    assert found.next_step.startswith("Leave out c, a")


@pytest.mark.parametrize(
    ("verdict", "faint", "shares", "step"),
    [
        (HELPS, {"a": 0.9}, {"a": 1.0}, "Export"),
        (HARMS, {"a": 0.9}, {"a": 1.0}, "Too many samples of a are fainter"),
        (HARMS, {"a": 0.1}, {"a": 0.0}, "Look at the samples"),
        (NOT_PROVEN, {}, {"a": 0.0}, "More seeds"),
    ],
)
def test_the_next_step(verdict: str, faint: dict[str, float], shares: dict[str, float], step: str) -> None:
    assert find_causes(verdict, {"a": lift(-0.1)}, [], faint, shares).next_step.startswith(step)


def test_faint_samples_are_counted_against_the_real_ones() -> None:
    real = plates(1, groups=12, goods=False)
    same, faint = plates(2, groups=12, goods=False), plates(3, groups=12, goods=False, strength=4.0)
    assert max(faint_shares(real, same).values()) < 0.4
    assert min(faint_shares(real, faint).values()) > 0.9


def tally(strength: float, groups: int = 5, seed: int = 0) -> Tally:
    rng = np.random.default_rng(seed)
    result = Tally([f"g{n}" for n in range(groups)], ("dent",))
    pixels = np.zeros((8, 8), dtype=np.uint8)
    for group in range(groups):
        for n in range(10):
            bad = n % 2 == 0
            score = 1 / (1 + np.exp(-rng.normal(strength if bad else 0.0, 1.0)))
            result.add(GatePicture(f"{n}", f"g{group}", pixels, labels=("dent",) * bad), Scores(float(score)))
    return result


def test_the_curve_of_a_perfect_and_of_a_blind_inspector() -> None:
    weights = draw_groups(5, 50, np.random.default_rng(0))
    perfect = precision_recall([tally(20.0)], weights)
    assert set(perfect.precision) == {1.0} and set(perfect.low) == {1.0}
    blind = precision_recall([tally(0.0, seed=n) for n in range(20)], weights)
    assert blind.recall[0] == 0 and blind.recall[-1] == 1
    assert blind.precision[-1] == pytest.approx(0.5, abs=0.06)
    assert all(low <= high for low, high in zip(blind.low, blind.high, strict=True))
    assert all(a >= b - 1e-9 for a, b in zip(blind.precision, blind.precision[1:], strict=False))


def test_recall_with_and_without_and_its_paired_resamplings() -> None:
    weights = draw_groups(5, 60, np.random.default_rng(0))
    found = operating_point([tally(0.5)], [tally(20.0)], weights, 0.1)
    assert found["recall_after"] == 1.0 and 0 < float(str(found["recall_before"])) < 1
    assert found["defects"] == 25
    pairs = np.array(found["replicates"])
    assert pairs.shape == (60, 2)
    gain = 1.0 - float(str(found["recall_before"]))
    assert pairs[:, 0].mean() == pytest.approx(gain, abs=0.12)


def test_settings_by_name_and_their_hash() -> None:
    assert find_settings("small").arms[:2] == ("real", "oversampled")
    assert len({found.sha256 for found in SETTINGS.values()}) == len(SETTINGS)
    assert replace(find_settings("small"), steps=501).sha256 != find_settings("small").sha256
    assert all(0 < share <= 1 for found in SETTINGS.values() for share in found.offered)
    with pytest.raises(UsageError, match="small"):
        find_settings("smal")
