"""Arms differ in what fills the extra slots and in nothing else; the class mix is the same down to the slot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from factory_gen.errors import InputRefused, UsageError
from factory_gen.gate.arms import ARMS, find_arm
from factory_gen.gate.batches import Batch, BatchStream, Plan, Pools
from tests.factory_gen.gate.drawn_defects import TYPES, plates

PLAN = Plan(window=32, batch=12, extra=0.5, mix={"dent": 0.7, "scratch": 0.3}, moves=("flip-x",))
EXTRA = 6
REAL = plates(1, groups=4)
OURS = plates(2, groups=6, prefix="s", goods=False)


def batches(arm: str, steps: int = 20, plan: Plan = PLAN, seed: int = 3) -> list[Batch]:
    stream = BatchStream(Pools(REAL, OURS), ARMS[arm], plan, seed, TYPES)
    return [stream.batch(step) for step in range(steps)]


def extra_mix(arm: str, steps: int) -> dict[int, int]:
    kinds = np.concatenate([batch.kinds[:EXTRA] for batch in batches(arm, steps)])
    return {int(kind): int((kinds == kind).sum()) for kind in np.unique(kinds)}


@pytest.mark.parametrize("arm", [name for name in ARMS if name not in ("real", "perlin")])
def test_the_class_mix_of_the_extra_slots_is_that_of_the_control(arm: str) -> None:
    control, found = extra_mix("oversampled", 40), extra_mix(arm, 40)
    assert found == control
    assert found[1] / (found[1] + found[2]) == pytest.approx(0.7, abs=0.08)


def test_perlin_fills_the_same_slots() -> None:
    """A blob may not fit now and then; that window is good then."""
    control, found = batches("oversampled", 20), batches("perlin", 20)
    same = [
        (a.kinds[:EXTRA] == b.kinds[:EXTRA]) | (b.kinds[:EXTRA] == 0)
        for a, b in zip(control, found, strict=True)
    ]
    assert np.concatenate(same).all()
    assert np.mean([batch.kinds[:EXTRA] > 0 for batch in found]) > 0.9


@pytest.mark.parametrize("arm", [name for name in ARMS if name != "real"])
def test_base_slots_are_equal_in_every_arm(arm: str) -> None:
    for ours, other in zip(batches("real", 4), batches(arm, 4), strict=True):
        np.testing.assert_array_equal(ours.pixels[EXTRA:], other.pixels[EXTRA:])
        np.testing.assert_array_equal(ours.mask[EXTRA:], other.mask[EXTRA:])
        assert ours.keys[EXTRA:] == other.keys[EXTRA:]
        assert set(other.sources[EXTRA:]) == {"base"}


@pytest.mark.parametrize(
    ("arm", "sources"),
    [
        ("real", {"base"}),
        ("oversampled", {"real"}),
        ("cutpaste", {"cutpaste"}),
        ("perlin", {"perlin"}),
        ("synthetic", {"synthetic"}),
        ("cutpaste+synthetic", {"cutpaste", "synthetic"}),
    ],
)
def test_what_fills_the_extra_slots(arm: str, sources: set[str]) -> None:
    found = batches(arm)
    assert {source for batch in found for source in batch.sources[:EXTRA]} == sources
    if arm == "synthetic":
        keys = {key for batch in found for key in batch.keys[:EXTRA]}
        assert keys <= {picture.key for picture in OURS} and len(keys) > 10
    if arm == "cutpaste+synthetic":
        ours = np.mean([np.array(batch.sources[:EXTRA]) == "synthetic" for batch in found])
        assert ours == pytest.approx(0.5, abs=0.15)


def test_a_type_with_share_none_never_fills_an_extra_slot() -> None:
    plan = replace(PLAN, mix={"dent": 0.5, "scratch": 0.0})
    for arm in ("oversampled", "synthetic"):
        for batch in batches(arm, 10, plan):
            drawn = [
                kind for kind, source in zip(batch.kinds, batch.sources, strict=True) if source != "base"
            ]
            assert set(drawn) <= {1}


def test_with_share_none_an_arm_is_the_control_down_to_the_pixel() -> None:
    none = replace(PLAN, shares={"dent": 0.0, "scratch": 0.0})
    for ours, control in zip(batches("synthetic", 5, none), batches("oversampled", 5), strict=True):
        np.testing.assert_array_equal(ours.pixels, control.pixels)
        np.testing.assert_array_equal(ours.mask, control.mask)
        assert ours.sources == control.sources


def test_a_share_of_a_type_is_filled_by_the_arm_and_the_rest_by_real_windows() -> None:
    some = replace(PLAN, shares={"dent": 0.25})
    drawn = [
        (int(kind), source)
        for batch in batches("synthetic", 60, some)
        for kind, source in zip(batch.kinds[:EXTRA], batch.sources[:EXTRA], strict=True)
    ]
    dents = [source for kind, source in drawn if kind == 1]
    assert np.mean([source == "synthetic" for source in dents]) == pytest.approx(0.25, abs=0.09)
    assert set(dents) == {"synthetic", "real"}
    assert {source for kind, source in drawn if kind == 2} == {"synthetic"}


def test_from_the_finish_on_an_arm_is_the_control_down_to_the_pixel() -> None:
    found, control = (batches(arm, 6, replace(PLAN, real_from=4)) for arm in ("synthetic", "oversampled"))
    assert all(set(batch.sources[:EXTRA]) == {"synthetic"} for batch in found[:4])
    for ours, real in zip(found[4:], control[4:], strict=True):
        np.testing.assert_array_equal(ours.pixels, real.pixels)
        assert ours.keys == real.keys


def test_a_type_that_we_have_no_samples_of_is_filled_with_real_ones() -> None:
    ours = [picture for picture in OURS if picture.labels == ("dent",)]
    stream = BatchStream(Pools(REAL, ours), ARMS["synthetic"], PLAN, 3, TYPES)
    for batch in (stream.batch(step) for step in range(10)):
        for kind, source in zip(batch.kinds[:EXTRA], batch.sources[:EXTRA], strict=True):
            assert source == ("synthetic" if kind == 1 else "real")


def test_windows_are_in_range_and_show_their_defect() -> None:
    for batch in batches("cutpaste+synthetic", 5):
        assert batch.pixels.shape == (12, 32, 32, 3) and batch.pixels.dtype == np.float32
        assert batch.pixels.min() >= -1 and batch.pixels.max() <= 1
        assert ((batch.kinds > 0) == batch.mask.any(axis=(1, 2))).all()


def test_a_step_is_the_same_whatever_was_drawn_before() -> None:
    stream = BatchStream(Pools(REAL, OURS), ARMS["cutpaste"], PLAN, 3, TYPES)
    late = stream.batch(7)
    np.testing.assert_array_equal(late.pixels, batches("cutpaste", 8)[7].pixels)
    assert not np.array_equal(late.pixels, batches("cutpaste", 8, seed=4)[7].pixels)


def test_pictures_smaller_than_a_window_and_of_16_bits() -> None:
    deep = [replace(p, pixels=p.pixels.astype(np.uint16) * 16, bit_depth=12) for p in REAL]
    plan = replace(PLAN, window=64)
    for arm in ("cutpaste", "perlin"):
        batch = BatchStream(Pools(deep), ARMS[arm], plan, 0, TYPES).batch(0)
        assert batch.pixels.shape == (12, 64, 64, 3)
        assert -0.6 < batch.pixels.mean() < 0.4


@pytest.mark.parametrize("keep_good", [True, False])
def test_a_pool_without_good_pictures_or_defects_is_refused(keep_good: bool) -> None:
    pool = Pools([picture for picture in REAL if picture.is_good == keep_good])
    with pytest.raises(InputRefused, match="good pictures and real defects"):
        BatchStream(pool, ARMS["real"], PLAN, 0, TYPES)


def test_an_unknown_arm_is_refused() -> None:
    with pytest.raises(UsageError, match="oversampled"):
        find_arm("oversample")
