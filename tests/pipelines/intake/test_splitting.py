"""The split: the first third of each type's groups, once, and never across."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.intake.splitting import GENERATOR, HOLDOUT, DefectGroup, overrule, quota, split_defects


def groups(*types: str) -> list[DefectGroup]:
    """Groups g0, g1, ...; each letter is a defect type."""
    return [DefectGroup(f"g{n}", frozenset(letters)) for n, letters in enumerate(types)]


def generator(split: dict[str, str]) -> list[str]:
    return sorted(key for key, side in split.items() if side == GENERATOR)


@pytest.mark.parametrize(
    "types, share, wanted",
    [
        (["a"], 1 / 3, ["g0"]),
        (["a", "a"], 1 / 3, ["g0"]),
        (["a"] * 3, 1 / 3, ["g0"]),
        (["a"] * 4, 1 / 3, ["g0", "g1"]),
        (["a"] * 6, 1 / 3, ["g0", "g1"]),
        (["a", "b", "a", "b", "a", "b"], 1 / 3, ["g0", "g1"]),
        # the rare type chooses first, and its group counts for the common one, too
        (["a", "a", "ab", "a", "a", "a"], 1 / 3, ["g0", "g2"]),
        (["a"] * 4, 1.0, ["g0", "g1", "g2", "g3"]),
        ([], 1 / 3, []),
    ],
)
def test_each_type_gives_its_first_third(types: list[str], share: float, wanted: list[str]) -> None:
    assert generator(split_defects(groups(*types), share)) == wanted


@pytest.mark.parametrize("count, share, wanted", [(3, 1 / 3, 1), (6, 1 / 3, 2), (9, 2 / 3, 6), (7, 0.5, 4)])
def test_the_share_is_rounded_up_but_not_for_a_last_digit(count: int, share: float, wanted: int) -> None:
    assert quota(count, share) == wanted


TYPES = st.lists(st.sets(st.sampled_from("abcd"), min_size=1), max_size=30)


@given(TYPES, st.floats(0.05, 1.0))
def test_every_type_trains_and_no_group_is_left_out(types: list[set[str]], share: float) -> None:
    made = [DefectGroup(f"{n:02d}", frozenset(letters)) for n, letters in enumerate(types)]
    split = split_defects(made, share)
    assert set(split) == {group.key for group in made}
    assert set(split.values()) <= {GENERATOR, HOLDOUT}
    for letter in "abcd":
        mine = [group for group in made if letter in group.types]
        chosen = sum(split[group.key] == GENERATOR for group in mine)
        assert chosen >= (quota(len(mine), share) if mine else 0)


@given(TYPES, TYPES)
def test_a_grown_catalogue_keeps_every_side_that_was_dealt(
    first: list[set[str]], more: list[set[str]]
) -> None:
    early = [DefectGroup(f"{n:02d}", frozenset(letters)) for n, letters in enumerate(first)]
    before = split_defects(early, 1 / 3)
    settled = [DefectGroup(one.key, one.types, True, before[one.key]) for one in early]
    late = [DefectGroup(f"{n + 50:02d}", frozenset(letters)) for n, letters in enumerate(more)]
    after = split_defects(settled + late, 1 / 3)
    assert {key: after[key] for key in before} == before


@given(TYPES, st.data())
def test_a_stopped_ingest_deals_the_same_when_it_goes_on(types: list[set[str]], data: st.DataObject) -> None:
    made = [DefectGroup(f"{n:02d}", frozenset(letters)) for n, letters in enumerate(types)]
    whole = split_defects(made, 1 / 3)
    stored = data.draw(st.sets(st.sampled_from(sorted(whole)))) if whole else set()
    recorded = {key: whole[key] for key in stored}
    resumed = [DefectGroup(one.key, one.types, False, recorded.get(one.key)) for one in made]
    assert overrule(split_defects(resumed, 1 / 3), recorded) == whole
