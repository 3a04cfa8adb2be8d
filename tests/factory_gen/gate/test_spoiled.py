"""Sets made to harm are what their names say."""

from __future__ import annotations

import numpy as np

from factory_gen.gate.spoiled import SPOILED, invisible, off_the_part, pasted, shuffled_masks
from tests.factory_gen.gate.drawn_defects import TYPES, plates

REAL = plates(1, groups=4, per_group=1)
OURS = pasted(REAL, 12, 3)


def test_pasted_defects_come_from_the_real_ones_types_in_turn() -> None:
    assert [picture.labels[0] for picture in OURS[:4]] == [*TYPES, *TYPES]
    good = {picture.pixels.tobytes(): picture for picture in REAL if picture.is_good}
    assert good
    for picture in OURS:
        assert picture.mask.any() and picture.group in {one.group for one in good.values()}
    again = pasted(REAL, 12, 3)
    assert all((a.pixels == b.pixels).all() for a, b in zip(OURS, again, strict=True))


def test_shuffled_masks_mostly_miss_the_defect() -> None:
    moved = shuffled_masks(OURS, 0)
    for before, after in zip(OURS, moved, strict=True):
        assert (before.pixels == after.pixels).all()
        assert before.mask.sum() == after.mask.sum()
    overlap = [(a.mask & b.mask).sum() / a.mask.sum() for a, b in zip(OURS, moved, strict=True)]
    assert np.mean(overlap) < 0.1


def test_invisible_defects_lie_on_good_pictures() -> None:
    good = [picture.pixels.tobytes() for picture in REAL if picture.is_good]
    made = invisible(OURS, REAL)
    assert len(made) == len(OURS)
    assert all(picture.pixels.tobytes() in good and picture.mask.any() for picture in made)


def test_off_the_part_is_beside_the_picture_and_dark_around() -> None:
    for before, after in zip(OURS, off_the_part(OURS, REAL), strict=True):
        width = REAL[0].size[1]
        assert after.size[1] > width and not after.mask[:, :width].any()
        assert after.mask.sum() == before.mask.sum()
        backdrop = after.pixels[:, width:][~after.mask[:, width:]]
        assert backdrop.max() <= 40


def test_the_table_makes_each_of_them() -> None:
    for name, spoil in SPOILED.items():
        assert len(spoil(OURS, REAL, 0)) == len(OURS), name
