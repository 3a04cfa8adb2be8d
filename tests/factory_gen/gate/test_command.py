"""The contract of a user's own inspector, kept and broken, with real programs."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from factory_gen.errors import InputRefused, UsageError
from factory_gen.gate.arms import ARMS
from factory_gen.gate.batches import Plan, Pools
from factory_gen.gate.command import Command
from factory_gen.gate.inspector import Training
from factory_gen.gate.inspectors import make_inspector
from factory_gen.gate.scores import figures
from factory_gen.gate.trial import Trial, run_trial
from tests.factory_gen.gate.drawn_defects import TYPES, plates

PLAN = Plan(window=24, batch=8, extra=0.5, mix=dict.fromkeys(TYPES, 0.5))
EXAMPLE = Path(__file__).parents[3] / "docs" / "how_to" / "own_inspector.py"
READ = """
import json, sys
from pathlib import Path
train, test, out = map(Path, sys.argv[1:4])
names = [line["image"] for line in json.loads((test / "index.json").read_text())]
"""


def trial(command: str) -> Trial:
    real, test = plates(1, groups=3), plates(2, groups=4, prefix="t", per_group=1)
    training = Training(6, PLAN.batch, PLAN.window, 1e-3, seed=5)
    return run_trial(Command(command), Pools(real), ARMS["oversampled"], PLAN, training, test, TYPES)


def program(folder: Path, text: str) -> str:
    path = folder / "own.py"
    path.write_text(READ + textwrap.dedent(text))
    return f"{sys.executable} {path}"


def test_the_documented_example_keeps_the_contract() -> None:
    found = figures(trial(f"{sys.executable} {EXAMPLE}").tally)
    assert found["image_auroc"][0] > 0.6
    assert found["pixel_ap_macro"][0] > 0.05


def test_what_the_program_is_given(tmp_path: Path) -> None:
    text = f"""
    rows, facts = json.loads((train / "index.json").read_text()), json.loads((train / "facts.json").read_text())
    assert facts == {{"seed": 5, "types": ["dent", "scratch"], "window": 24}}
    assert len(rows) == 48 and {{row["type"] for row in rows}} == {{"good", "dent", "scratch"}}
    assert all((row["mask"] is None) == (row["type"] == "good") for row in rows)
    assert all((train / row["image"]).is_file() for row in rows)
    assert all((train / row["mask"]).is_file() for row in rows if row["mask"])
    assert len(names) == 12 and all((test / name).is_file() for name in names)
    assert sorted(path.name for path in test.iterdir()) == ["images", "index.json"]
    out.write_text(json.dumps({{"scores": {{name: {{"image": 0.5}} for name in names}}}}))
    Path({str(tmp_path)!r}, "ran").touch()
    """
    found = figures(trial(program(tmp_path, text)).tally)
    assert (tmp_path / "ran").exists()
    assert found["image_auroc"][0] == 0.5
    assert "pixel_ap" not in found


def test_the_folders_are_gone_afterwards(tmp_path: Path) -> None:
    text = f"""
    Path({str(tmp_path)!r}, "where").write_text(str(train.parent))
    out.write_text(json.dumps({{"scores": {{name: {{"image": 0.5}} for name in names}}}}))
    """
    trial(program(tmp_path, text))
    assert not Path((tmp_path / "where").read_text()).exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sys.exit('no camera')", "exit code 1: no camera"),
        ("pass", "a JSON file"),
        ("out.write_text('[]')", "a JSON file"),
        ("out.write_text(json.dumps({'scores': {names[0]: {'image': 0.5}}}))", "scores of all 12 pictures"),
        ("out.write_text(json.dumps({'scores': {n: {'image': 7} for n in names}}))", r"scores in \[0,1\]"),
        ("out.write_text(json.dumps({'scores': {n: {} for n in names}}))", r"scores in \[0,1\]"),
        (
            "out.write_text(json.dumps({'scores': {n: {'image': 1, 'map': 'x.png'} for n in names}}))",
            "map's file",
        ),
        (
            "out.write_text(json.dumps({'scores': {n: {'image': 1, 'map': n[-5] == '1' or None} for n in names}}))",
            "for every picture or for none",
        ),
    ],
)
def test_a_broken_contract_is_refused_in_words(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputRefused, match=message):
        trial(program(tmp_path, text))


def test_a_program_that_is_not_there_or_does_not_end(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="to start"):
        trial(str(tmp_path / "nothing"))
    real, training = plates(1, groups=2), Training(1, 8, 24, 1e-3, seed=0)
    slow = Command(f"{sys.executable} -c 'import time; time.sleep(60)'", limit_s=0.5)
    with pytest.raises(InputRefused, match="to end"):
        run_trial(slow, Pools(real), ARMS["real"], PLAN, training, real[:1], TYPES)


@pytest.mark.parametrize(
    ("name", "command", "error"),
    [
        ("command", None, UsageError),
        ("linear", "prog", UsageError),
        ("yolo", None, UsageError),
        ("command", "  ", InputRefused),
    ],
)
def test_how_an_inspector_is_named(name: str, command: str | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        make_inspector(name, command)


def test_arguments_are_split_as_a_shell_would(tmp_path: Path) -> None:
    path = tmp_path / "args.py"
    path.write_text(
        "import sys\nsys.exit(0 if sys.argv[1:3] == ['a', 'b c'] and len(sys.argv) == 6 else 9)\n"
    )
    with pytest.raises(InputRefused, match="a JSON file"):  # it ran to its end, and wrote nothing
        trial(f"{sys.executable} {path} a 'b c'")
