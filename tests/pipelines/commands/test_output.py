"""Reports on stdout: JSON that any reader takes, tables that nothing is cut from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.commands.output import MOST_LINES, show, to_json


@dataclass(frozen=True)
class Stage:
    name: str
    took_s: float


@dataclass(frozen=True)
class Report:
    out: Path
    made_at: datetime
    counts: dict[str, int]
    stages: tuple[Stage, ...]
    last: Stage
    kid: float
    note: str | None = None
    dry_run: bool = False


REPORT = Report(
    out=Path("a/b"),
    made_at=datetime(2030, 1, 2, tzinfo=UTC),
    counts={"crack": 12_000},
    stages=(Stage("flow", 1.23456), Stage("[bold]prior", 99_999.5)),
    last=Stage("flow", 2.0),
    kid=float("nan"),
)


def test_json_is_plain() -> None:
    assert json.loads(to_json(REPORT)) == {
        "out": "a/b",
        "made_at": "2030-01-02 00:00:00+00:00",
        "counts": {"crack": 12_000},
        "stages": [{"name": "flow", "took_s": 1.23456}, {"name": "[bold]prior", "took_s": 99_999.5}],
        "last": {"name": "flow", "took_s": 2.0},
        "kid": None,
        "note": None,
        "dry_run": False,
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [({"磁気": float("inf")}, '"磁気": null'), ({"x": {1}}, "1"), ({"x": (None,)}, "null")],
)
def test_json_of_odd_values(value: dict[str, Any], shown: str) -> None:
    assert shown in to_json(value)
    json.loads(to_json(value))


def test_show_writes_tables_without_losing_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    show(REPORT, as_json=False)
    shown = capsys.readouterr().out
    for text in (
        "out: a/b",
        "12,000",
        "flow",
        "1.235",
        "[bold]prior",
        "100,000",
        "dry run: no",
        "made at: 2030-01-02 00:00 UTC",
    ):
        assert text in shown
    assert "note" not in shown


def test_show_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    show(REPORT, as_json=True)
    assert json.loads(capsys.readouterr().out)["counts"] == {"crack": 12_000}


def test_a_long_name_in_a_pipe_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show({"path": {"x" * 150: "y" * 40}}, as_json=False)
    assert "x" * 150 in capsys.readouterr().out


@dataclass(frozen=True)
class Line:
    part: str
    remark: str
    next_step: str = ""


def test_a_sentence_stands_below_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    show({"parts": (Line("tile", "fine", "Train: `factory-gen train`."),)}, as_json=False)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[-2].split() == ["tile", "fine"]
    assert lines[-1] == "next: Train: `factory-gen train`."


def test_a_table_that_is_too_wide_becomes_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    show({"refused": (Line("a.png", "x" * 300), Line("b.png", ""))}, as_json=False)
    shown = capsys.readouterr().out
    assert "- part: a.png" in shown
    assert "x" * 150 in shown.replace("\n", "")
    assert shown.count("remark: ") == 1


@pytest.mark.parametrize("of", [lambda n: f"mask {n}", lambda n: Line(f"mask {n}", "")])
def test_a_long_list_is_cut_and_says_so(of: Any, capsys: pytest.CaptureFixture[str]) -> None:
    show({"unmatched": tuple(of(n) for n in range(MOST_LINES + 5))}, as_json=False)
    shown = capsys.readouterr().out
    assert f"mask {MOST_LINES - 1}" in shown
    assert f"mask {MOST_LINES}" not in shown
    assert "... and 5 more; --json has them all" in shown


def test_a_list_of_mappings_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show(
        {"audits": ({"passed": True, "contrast": 2.5}, {"passed": False, "contrast": float("nan")})},
        as_json=False,
    )
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[1] == ["passed", "contrast"]
    assert lines[3:] == [["yes", "2.5"], ["no"]]


def test_tuples_in_a_mapping_have_headings(capsys: pytest.CaptureFixture[str]) -> None:
    show({"contrast": {"crack": (2.9, 3.1)}, "other": {"a": (1, 2)}}, as_json=False)
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == ["median", "contrast", "samples", "real", "defects"]
    assert lines[2] == ["crack", "2.9", "3.1"]
    assert ["a", "1,", "2"] in lines


@pytest.mark.parametrize("empty", [None, "", (), [], {}])
def test_nothing_is_not_shown(empty: object, capsys: pytest.CaptureFixture[str]) -> None:
    show({"warnings": empty, "ok": True}, as_json=False)
    assert capsys.readouterr().out == "ok: yes\n"
