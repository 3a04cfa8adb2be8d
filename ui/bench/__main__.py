"""`python -m ui.bench`: measure the pages. `factory-gen bench pages` becomes this program."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from pipelines.commands.errors import report as report_failure
from pipelines.commands.output import show, to_json
from pipelines.commands.session import logs_dir, settings_of, shown_progress
from ui.bench.measure import Amounts, run

TARGET_MISSED = 4
QUICK = Amounts(
    samples=3_000,
    pictures=120,
    sessions=6,
    reviewers=2,
    seconds=30.0,
    visits=2,
    rounds=1,
    keys=10,
    previews=1,
)


def main(words: list[str] | None = None) -> int:
    """Measure, show and store; gives the exit code."""
    given = _parser().parse_args(words)
    try:
        settings = settings_of()
        amounts = QUICK if given.quick else Amounts()
        chosen = {"samples": given.samples, "sessions": given.sessions, "seconds": given.seconds}
        amounts = replace(amounts, **{name: value for name, value in chosen.items() if value is not None})
        with shown_progress(given.quiet) as progress:
            found = run(settings, given.part, amounts, progress)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the edge of a program: a cause and an exit code
        return report_failure(error, as_json=given.json, logs_dir=logs_dir())
    if given.out is not None:
        facts = {"command": given.command, **json.loads(to_json(found))}
        given.out.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(found, as_json=given.json)
    return 0 if found.reached else TARGET_MISSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ui.bench")
    parser.add_argument("--part", required=True)
    parser.add_argument("--command", default="python -m ui.bench", help="what the result file names")
    parser.add_argument("--samples", type=int)
    parser.add_argument("--sessions", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
