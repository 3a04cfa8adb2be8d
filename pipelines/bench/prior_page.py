"""Tables of a prior bench for the documentation: `python -m pipelines.bench.prior_page docs/results/prior_tile.json`.

A test holds the page against the committed result file, so the page can quote nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NAMES = {"whole": "Whole good windows", "inpaint": "Defects painted into held-out windows"}


def tables(report: Mapping[str, Any]) -> str:
    """Markdown of one result file: headline, then a table for each set of windows and table of training."""
    parts = [_headline(report), _near_best(report)]
    for table, title in (("time", "equal training time"), ("steps", "equal training steps")):
        for kind, name in NAMES.items():
            parts.append(f"**{name}, {title}** (KID x1000, mean of {report['seeds']} seeds, by calls)")
            parts.append(_curves(report, table, kind))
    return "\n\n".join(parts) + "\n"


def _headline(report: Mapping[str, Any]) -> str:
    rows: list[tuple[str, ...]] = [
        ("Gaussian to LeDiFlow at the Gaussian's best quality", "mean", "sd", "lowest", "highest")
    ]
    words = {
        "calls_ratio_equal_quality": "calls",
        "time_ratio_equal_quality": "time per window, decoding included",
        "best_ratio_gaussian": "LeDiFlow's best KID over the Gaussian's",
        "best_ratio_gaussian_code": "LeDiFlow's best KID over that of the Gaussian with z given",
    }
    for key, word in words.items():
        found = report["spreads"].get(key)
        if found:
            rows.append((word, *(f"{found[k]:.2f}" for k in ("mean", "sd", "low", "high"))))
    return markdown_table(rows)


def _near_best(report: Mapping[str, Any]) -> str:
    rows = [("arm", *(f"{NAMES[kind]}: calls" for kind in NAMES))]
    for name, found in report["near_best"].items():
        rows.append((report["arms"][name]["title"], *(_number(found[kind][1]) for kind in NAMES)))
    title = "**Fewest calls within 5 % of the Gaussian prior's own best** (equal training time, mean curves)"
    return title + "\n\n" + markdown_table(rows)


def _curves(report: Mapping[str, Any], table: str, kind: str) -> str:
    arms = {name: entry for name, entry in report["arms"].items() if table in entry}
    calls = sorted({p["calls"] for entry in arms.values() for p in entry[table][kind]["kid"]})
    rows: list[tuple[str, ...]] = [
        ("arm", *map(str, calls), "best", "calls near own best", "near the best arm", "ms")
    ]
    for entry in arms.values():
        found = entry[table][kind]
        by_calls = {p["calls"]: p for p in found["kid"]}
        best = by_calls[found["best_calls"]]
        rows.append(
            (
                entry["title"],
                *(f"{by_calls[c]['value']:.0f}" if c in by_calls else "" for c in calls),
                f"{best['value']:.0f} [{best['low']:.0f}, {best['high']:.0f}]",
                _number(found["calls_near_own_best"]),
                _number(found["calls_near_best_arm"]),
                f"{by_calls[found['calls_near_own_best']]['milliseconds']:.1f}",
            )
        )
    rows.append(
        ("real against real", *[""] * len(calls), f"{report['floor'][f'{kind}/autoencoded']:.0f}", "", "", "")
    )
    return markdown_table(rows)


def _number(value: int | None) -> str:
    return "never" if value is None else str(value)


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a Markdown table; the first is the heading."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


if __name__ == "__main__":
    print(tables(json.loads(Path(sys.argv[1]).read_text())))
