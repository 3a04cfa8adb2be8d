"""Progress: lines in a log, bars on a terminal, silence elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipelines import progress as module
from pipelines.progress import PlainProgress, Progress, RichProgress, Silent


def run_stage(progress: Progress) -> None:
    progress.start("flow", 3, "steps")
    for step in range(3):
        progress.advance("flow", loss=0.5 - step / 10, note="ok")
    progress.finish("flow")
    progress.say("done [bold]100 %")


def test_silent_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run_stage(Silent())
    assert capsys.readouterr() == ("", "")


def test_plain_lines_tell_amount_and_figures() -> None:
    out = io.StringIO()
    run_stage(PlainProgress(out))
    stage, said = out.getvalue().splitlines()
    assert stage.startswith("flow: 3 of 3 steps loss 0.3  note ok in 0.")
    assert said == "done [bold]100 %"


def test_plain_writes_a_line_between_when_the_last_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    out = io.StringIO()
    run_stage(PlainProgress(out))
    assert [line.split(" in ")[0] for line in out.getvalue().splitlines()[:2]] == [
        "flow: 1 of 3 steps loss 0.5  note ok",
        "flow: 2 of 3 steps loss 0.4  note ok",
    ]


def test_plain_takes_a_stage_that_nobody_started() -> None:
    out = io.StringIO()
    progress = PlainProgress(out)
    progress.advance("audit", 2)
    progress.finish("audit")
    progress.finish("never began")
    assert out.getvalue().startswith("audit: 2 in ")
    assert len(out.getvalue().splitlines()) == 1


def test_bars_show_stage_amount_figures_and_plain_text() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with RichProgress(console) as progress:
        run_stage(progress)
        progress.advance("unknown total", 5)
        progress.finish("unknown total")
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for text in ("flow", "3 of 3", "steps", "loss 0.3", "done [bold]100 %", "5 of 5"):
        assert text in shown


@pytest.mark.parametrize(
    ("total", "done", "shown"), [(1.0, 0.376, "38 %"), (2000, 1500, "1,500 of 2,000"), (None, 7, "7")]
)
def test_amounts_read_well(total: float | None, done: float, shown: str) -> None:
    out = io.StringIO()
    plain = PlainProgress(out)
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with RichProgress(console) as bars:
        for progress in (plain, bars):
            progress.start("prior", total)
            progress.advance("prior", done)
    plain.finish("prior")
    assert out.getvalue().startswith(f"prior: {shown} in ")
    assert f" {shown} " in console.file.getvalue()  # type: ignore[attr-defined]
