"""A run's tally: figures per type and pooled against scikit-learn on the same pixels; resampling of groups."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from factory_gen.errors import UsageError
from factory_gen.gate.histograms import to_bins
from factory_gen.gate.pictures import GatePicture
from factory_gen.gate.scores import MOST_CLUSTERS, Scores, Tally, figures, merge

SIDE = 24
Scored = list[tuple[GatePicture, Scores]]


def blob(at: int, size: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[at : at + size, at : at + size] = True
    return mask


def scored(seed: int = 0, groups: int = 4) -> Scored:
    """Good pictures, cracks, dents, and one picture with both."""
    rng = np.random.default_rng(seed)
    found: Scored = []
    for group in range(groups):
        for masks in (
            {},
            {"crack": blob(2, 4)},
            {"dent": blob(9, 9)},
            {"crack": blob(1, 3), "dent": blob(12, 6)},
        ):
            pixels = rng.integers(0, 255, (SIDE, SIDE), dtype=np.uint8)
            picture = GatePicture(f"{group}{sorted(masks)}", f"g{group}", pixels, masks=masks)
            map_ = 1 / (1 + np.exp(-rng.normal(np.where(picture.mask, 0.5, -1.0), 1.0)))
            found.append((picture, Scores(float(map_.max()), map_)))
    return found


def tally(pairs: Scored) -> Tally:
    result = Tally([picture.group for picture, _ in pairs], ("crack", "dent"))
    for picture, scores in pairs:
        result.add(picture, scores)
    return result


def exact_ap(pairs: Scored, name: str | None) -> float:
    """Average precision of one type (or pooled) from every single pixel."""
    truth, values = [], []
    for picture, scores in pairs:
        if name is not None and not picture.is_good and name not in picture.masks:
            continue
        positive = picture.mask if name is None or picture.is_good else picture.masks[name]
        counts = positive | ~picture.mask
        truth.append(positive[counts])
        values.append(to_bins(scores.pixels)[counts])  # type: ignore[arg-type]
    return float(average_precision_score(np.concatenate(truth), np.concatenate(values)))


@pytest.mark.parametrize("name", ["crack", "dent", None])
def test_pixel_figures_are_those_of_every_single_pixel(name: str | None) -> None:
    pairs = scored()
    key = "pixel_ap" if name is None else f"pixel_ap:{name}"
    assert figures(tally(pairs))[key][0] == pytest.approx(exact_ap(pairs, name), abs=1e-6)


def test_macro_is_the_mean_over_types_not_over_pixels() -> None:
    found = figures(tally(scored()))
    assert found["pixel_ap_macro"][0] == pytest.approx(
        (found["pixel_ap:crack"][0] + found["pixel_ap:dent"][0]) / 2
    )
    assert found["pixel_ap_macro"][0] != pytest.approx(found["pixel_ap"][0], abs=1e-3)


def test_image_figures() -> None:
    pairs = scored(2, groups=9)
    truth = [not picture.is_good for picture, _ in pairs]
    bins = [to_bins(np.array(scores.image)) for _, scores in pairs]
    found = figures(tally(pairs))
    assert found["image_auroc"][0] == pytest.approx(roc_auc_score(truth, bins))
    assert found["image_ap"][0] == pytest.approx(average_precision_score(truth, bins))


def test_a_group_that_counts_twice_is_a_group_that_was_added_twice() -> None:
    pairs = scored()
    weights = np.array([[2, 1, 0, 1], [1, 1, 1, 1]])
    drawn = [pair for pair in pairs for _ in range(int(weights[0][int(pair[0].group[1:])]))]
    resampled, whole = figures(tally(pairs), weights), figures(tally(pairs))
    again = figures(tally(drawn))
    for name in whole:
        assert resampled[name][1] == pytest.approx(whole[name][0]), name
        assert resampled[name][0] == pytest.approx(again[name][0], abs=1e-6), name


def test_folds_of_a_validation_are_added_up() -> None:
    pairs = scored()
    halves = [[p for p in pairs if (p[0].group in ("g0", "g1")) == first] for first in (True, False)]
    parts = []
    for half in halves:
        part = Tally([picture.group for picture, _ in pairs], ("crack", "dent"))
        for pair in half:
            part.add(*pair)
        parts.append(part)
    together, whole = figures(merge(parts)), figures(tally(pairs))
    assert {name: values[0] for name, values in together.items()} == pytest.approx(
        {name: values[0] for name, values in whole.items()}
    )


def test_an_image_label_without_a_mask_counts_for_the_picture_only() -> None:
    pixels = np.zeros((SIDE, SIDE), dtype=np.uint8)
    unmasked = GatePicture("u", "g", pixels, labels=("crack",))
    result = Tally(["g"], ("crack",))
    result.add(unmasked, Scores(0.9, np.ones((SIDE, SIDE))))
    result.add(GatePicture("v", "g", pixels), Scores(0.1, np.zeros((SIDE, SIDE))))
    assert not unmasked.has_masks and not unmasked.is_good
    found = figures(result)
    assert found["image_auroc"][0] == 1.0
    assert "pixel_ap" not in found


def test_types_told_apart_are_judged_against_the_other_types_too() -> None:
    pixels = np.zeros((SIDE, SIDE), dtype=np.uint8)
    result = Tally(["g"], ("crack", "dent"))
    for name, crack in (("crack", 0.3), ("dent", 0.8)):
        picture = GatePicture(name, "g", pixels, labels=(name,))
        result.add(picture, Scores(0.9, types={"crack": crack, "dent": 1 - crack}))
    result.add(GatePicture("good", "g", pixels), Scores(0.1, types={"crack": 0.1, "dent": 0.1}))
    found = figures(result)
    assert found["image_auroc"][0] == 1.0
    assert found["image_ap:crack"][0] == pytest.approx(0.5)  # the dent looks more like a crack than the crack


def test_many_groups_are_put_together() -> None:
    pixels = np.zeros((SIDE, SIDE), dtype=np.uint8)
    result = Tally([f"g{n}" for n in range(450)], ("crack",))
    for n in range(450):
        result.add(GatePicture(str(n), f"g{n}", pixels), Scores(0.2))
    assert result.clusters == MOST_CLUSTERS
    assert result.counts["image_good"].sum() == 450


def test_a_score_map_of_another_size_is_refused() -> None:
    picture = scored()[0][0]
    with pytest.raises(UsageError, match="own size"):
        Tally([picture.group], ("crack",)).add(picture, Scores(0.5, np.zeros((3, 3))))
