"""Type fit and mask fit on drawn defects: a wrong type and a wrong mask must come out lower than the right ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from factory_gen.errors import UsageError
from factory_gen.metrics.features import FEATURE_COUNT, FeatureNet
from factory_gen.quality.fits import LearnedFits, learn_fits
from factory_gen.quality.limits import RealDefect, ScoreLimits, learn_limits
from factory_gen.quality.mask_fit import train_mask_finder
from factory_gen.quality.scores import SampleScores
from factory_gen.quality.type_fit import fit_temperature, own_chances
from factory_gen.quality.view import GRID, MAP_CHANNELS, VIEW, DefectMaps, describe, view_defect
from tests.factory_gen.quality.drawn_defects import SIZE, TYPES, draw, shape

Drawn = list[tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def net() -> FeatureNet:
    return FeatureNet()


def maps_of(net: FeatureNet, drawn: Drawn) -> DefectMaps:
    return describe(net, [view_defect(picture, mask) for picture, mask in drawn])


@pytest.fixture(scope="module")
def kinds() -> list[str]:
    return [TYPES[i % 3] for i in range(30)]


@pytest.fixture(scope="module")
def learned(net: FeatureNet, kinds: list[str]) -> LearnedFits:
    drawn = [draw(kind, seed) for seed, kind in enumerate(kinds)]
    return learn_fits(maps_of(net, drawn), kinds, [f"g{i // 3}" for i in range(30)])


@pytest.fixture(scope="module")
def limits(learned: LearnedFits, kinds: list[str]) -> ScoreLimits:
    return learn_limits(
        [
            RealDefect(
                defect_type=kind,
                group=f"g{i // 3}",
                seen=True,
                scores=SampleScores(type_fit=learned.type_fit[i], mask_fit=learned.mask_fit[i]),
            )
            for i, kind in enumerate(kinds)
        ]
    )


FRESH = [TYPES[i % 3] for i in range(15)]


def test_real_defects_of_unseen_groups_are_told_apart(learned: LearnedFits) -> None:
    assert learned.accuracy > 0.8
    assert np.median(learned.mask_fit) > 0.9


def test_fresh_defects_fit_their_type_and_mask(
    learned: LearnedFits, net: FeatureNet, limits: ScoreLimits
) -> None:
    maps = maps_of(net, [draw(kind, 200 + i) for i, kind in enumerate(FRESH)])
    types, masks = learned.fits.judge(maps, FRESH)
    failed = [
        limits.failures(kind, SampleScores(type_fit=a, mask_fit=b))
        for kind, a, b in zip(FRESH, types, masks, strict=True)
    ]
    assert np.mean([not one for one in failed]) >= 0.7


def test_looks_of_another_type_in_the_right_mask_are_found(
    learned: LearnedFits, net: FeatureNet, limits: ScoreLimits
) -> None:
    wrong = [TYPES[(TYPES.index(kind) + 1) % 3] for kind in FRESH]
    drawn = [
        draw(looks, 300 + i, shape(kind, 300 + i))
        for i, (kind, looks) in enumerate(zip(FRESH, wrong, strict=True))
    ]
    types, _ = learned.fits.judge(maps_of(net, drawn), FRESH)
    failed = [
        limits.failures(kind, SampleScores(type_fit=one)) for kind, one in zip(FRESH, types, strict=True)
    ]
    assert np.mean([one == ("type",) for one in failed]) >= 0.6


@pytest.mark.parametrize("fault", ["shifted", "of another defect"])
def test_a_wrong_mask_is_found(
    learned: LearnedFits, net: FeatureNet, limits: ScoreLimits, fault: str
) -> None:
    drawn = [draw(kind, 400 + i) for i, kind in enumerate(FRESH)]
    if fault == "shifted":
        masks = [np.roll(mask, (26, -26), (0, 1)) for _, mask in drawn]
    else:
        masks = [drawn[(i + 3) % 15][1] for i in range(15)]  # the next of the same type
    wrong = [(picture, mask) for (picture, _), mask in zip(drawn, masks, strict=True)]
    _, right_fit = learned.fits.judge(maps_of(net, drawn), FRESH)
    _, wrong_fit = learned.fits.judge(maps_of(net, wrong), FRESH)
    assert np.mean(wrong_fit < right_fit) >= 0.9
    failed = [
        limits.failures(kind, SampleScores(mask_fit=one)) for kind, one in zip(FRESH, wrong_fit, strict=True)
    ]
    assert np.mean([one == ("mask",) for one in failed]) >= 0.7


def test_a_view_holds_the_defect_at_native_resolution_or_shrunk(net: FeatureNet) -> None:
    picture, mask = draw("dent", 1)
    view = view_defect(picture, mask)
    assert view.pixels.shape == (VIEW, VIEW, 1)
    assert view.mask.sum() == mask.sum()
    assert view.inside.all()
    whole = np.zeros((SIZE, SIZE), bool)
    whole[5:135, 5:135] = True
    shrunk = view_defect(picture, whole)
    scale = (1.5 * 130 / VIEW) ** 2
    assert shrunk.mask.sum() * scale == pytest.approx(whole.sum(), rel=0.05)
    assert not shrunk.inside.all()  # the picture is smaller than the view
    with pytest.raises(UsageError):
        view_defect(picture, np.zeros_like(mask))


def test_one_pixel_of_a_shrunk_view_is_kept() -> None:
    mask = np.zeros((900, 900), bool)
    mask[10, 10], mask[800, 800] = True, True
    assert view_defect(np.zeros((900, 900, 1), np.float32), mask).mask.any()


def test_the_pooled_features_are_those_of_the_network(net: FeatureNet) -> None:
    views = [view_defect(*draw(kind, 5)) for kind in TYPES]
    maps = describe(net, views, batch=2)
    assert maps.maps.shape == (3, MAP_CHANNELS, GRID, GRID)
    direct = net.embed(np.stack([view.pixels[:, :, 0] for view in views]))
    np.testing.assert_allclose(maps.pooled, direct, rtol=1e-3, atol=1e-4)
    assert maps.pooled.shape == (3, FEATURE_COUNT)
    assert len(describe(net, [])) == 0


def test_with_one_group_nothing_is_said_of_the_real_defects(net: FeatureNet) -> None:
    kinds = [TYPES[i % 3] for i in range(6)]
    learned = learn_fits(maps_of(net, [draw(k, i) for i, k in enumerate(kinds)]), kinds, ["g"] * 6)
    assert np.isnan(learned.type_fit).all()
    assert np.isnan(learned.mask_fit).all()
    assert np.isnan(learned.accuracy)


def test_a_type_that_the_judges_do_not_know_has_no_fit_of_type(learned: LearnedFits, net: FeatureNet) -> None:
    types, masks = learned.fits.judge(maps_of(net, [draw("dent", 7)]), ["bend"])
    assert np.isnan(types).all()
    assert masks[0] > 0.9  # the segmenter of all types stands in


def test_a_mask_without_cells_beside_it_has_no_fit(net: FeatureNet) -> None:
    maps = maps_of(net, [draw(kind, 8) for kind in TYPES])
    finder = train_mask_finder(maps, list(TYPES))
    full = replace(maps, share=np.ones_like(maps.share))
    assert np.isnan(finder.fits(full, list(TYPES))).all()


@pytest.mark.parametrize("truth", [1.0, 10.0, 100.0])
def test_the_temperature_is_found_again(truth: float) -> None:
    """Truth: labels are drawn with the chances that the scores give at that temperature."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2 * truth, (4000, 3))
    chances = np.exp(scores / truth)
    chances /= chances.sum(axis=1, keepdims=True)
    types = [TYPES[int(rng.choice(3, p=row))] for row in chances]
    assert fit_temperature(scores, TYPES, types) == pytest.approx(truth, rel=0.2)
    own = own_chances(scores, TYPES, types, truth)
    assert own == pytest.approx([row[TYPES.index(name)] for row, name in zip(chances, types, strict=True)])


def test_of_one_type_only_nothing_can_be_said() -> None:
    assert np.isnan(own_chances(np.zeros((2, 1)), ["dent"], ["dent", "dent"], 1.0)).all()
