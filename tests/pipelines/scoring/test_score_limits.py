"""`--limits`: learned, off, or a file; what a file changes and what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_gen.errors import InputRefused, UsageError
from factory_gen.quality.limits import Limit, ScoreLimits
from pipelines.scoring.score_limits import LimitChoice, choose_limits

LEARNED = ScoreLimits(
    {
        "crack": {"seam": Limit(high=2.0), "grain": Limit(low=0.5, high=3.0)},
        "pit": {"seam": Limit(high=1.0), "grain": Limit(low=0.7, high=2.0)},
    }
)
TYPES = ("crack", "pit")


def changed(tmp_path: Path, text: str) -> ScoreLimits:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    return choose_limits(str(path)).applied(LEARNED, TYPES)


def test_without_a_file_the_learned_limits_stand_or_none_do() -> None:
    assert choose_limits("learned").applied(LEARNED, TYPES) == LEARNED
    assert choose_limits("off").applied(LEARNED, TYPES) == ScoreLimits({})


@pytest.mark.parametrize(
    ("text", "defect_type", "score", "limit"),
    [
        ("[all]\nseam = { high = 5.0 }", "pit", "seam", Limit(high=5.0)),
        ("[all]\nseam = { high = 5.0 }", "crack", "grain", Limit(low=0.5, high=3.0)),
        ("[crack]\ngrain = { low = 0.1 }", "crack", "grain", Limit(low=0.1, high=3.0)),
        ("[crack]\ngrain = { low = 0.1 }", "pit", "grain", Limit(low=0.7, high=2.0)),
        ("[crack]\ngrain = { low = 4.0 }", "crack", "grain", Limit(low=4.0, high=4.0)),
        ("[crack]\ngrain = { high = 0.1 }", "crack", "grain", Limit(low=0.1, high=0.1)),
        ('[crack]\ngrain = "off"', "crack", "grain", Limit()),
        ("[pit]\nmask_fit = { low = 0.8 }", "pit", "mask_fit", Limit(low=0.8)),
        ("[all]\nseam = { high = 5 }\n[pit]\nseam = { high = 4 }", "pit", "seam", Limit(high=4.0)),
    ],
)
def test_a_file_changes_what_it_names(
    tmp_path: Path, text: str, defect_type: str, score: str, limit: Limit
) -> None:
    assert changed(tmp_path, text).of(defect_type, score) == limit


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[crack]\nseem = { high = 1 }", "seam"),
        ("[creck]\nseam = { high = 1 }", "crack"),
        ("[crack]\nseam = { top = 1 }", "high"),
        ('[crack]\nseam = "on"', "off"),
        ("[crack]\ngrain = { low = 2, high = 1 }", "low must not be above high"),
        ("crack = 3", "table"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_the_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        changed(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"absent\.toml"):
        choose_limits(str(tmp_path / "absent.toml"))


def test_the_facts_of_a_choice_are_plain_and_tell_it_from_others() -> None:
    choice = LimitChoice(changes={"crack": {"seam": Limit(high=1.0), "rim": "off"}})
    assert choice.facts == {
        "used": True,
        "changes": {"crack": {"seam": {"low": None, "high": 1.0}, "rim": "off"}},
    }
    assert LimitChoice().facts != LimitChoice(used=False).facts
