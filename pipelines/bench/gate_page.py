"""Tables of gate reports for the documentation: `python -m pipelines.bench.gate_page docs/results/gate_tile.json`.

Takes the JSON files of `factory-gen gate --out`, of `--rehearse --out` (several become one table) and of
`factory-gen bench gate --out`. A test holds the page against the committed files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.bench.prior_page import markdown_table
from pipelines.inspection.rehearsal import MEAN

_FIGURES = ("pixel_ap_macro", "pixel_ap", "f1_max", "aupro", "image_ap_macro", "image_auroc", "recall")
Report = Mapping[str, Any]


def gate_tables(report: Report) -> str:
    """Markdown of one verdict: the lifts over the better baseline, every arm's figures, and every type's lift."""
    interval = _interval({"lift": report["lift"], "low": report["lift_low"], "high": report["lift_high"]})
    headline = (
        f"**{report['part']}: {report['verdict']}**, lift of the mean average precision over `{report['against']}` "
        f"{interval}; {report['defects']} held-out defects in {report['groups']} groups, {report['seeds']} seeds, "
        f"{report['steps']} steps, {report['seconds'] / 60:.0f} minutes."
    )
    return "\n\n".join([headline, _arms(report), _types(report)]) + "\n"


def rehearsal_table(reports: Mapping[str, Report]) -> str:
    """Markdown of rehearsals side by side.

    Args:
        reports: by the name that each row gets. The row of the control is that of the first.
    """
    first = next(iter(reports.values()))
    types = [row["type"] for row in first["average_precision"]]
    rows = [("set", *types), ("none (the control)", *_column(first, "real", types))]
    for name, report in reports.items():
        for arm in report["average_precision"][0]:
            if arm not in ("type", "real"):
                rows.append((f"{name}, share {arm.removesuffix(' synthetic')}", *_column(report, arm, types)))
    return markdown_table(rows) + "\n"


def trust_table(report: Report) -> str:
    """Markdown of `factory-gen bench gate`: what the rule said of each set made to harm, and of two equal arms."""
    rows = [("set", "verdict", "lift")]
    rows += [(row["name"], row["verdict"], _interval(row)) for row in report["harm"]]
    if report["equal"]:
        told = f"helps {report['equal_helps']}, harms {report['equal_harms']} of {len(report['equal'])}"
        rows.append(("two equal real-only arms", told, ""))
    return markdown_table(rows) + "\n"


def _arms(report: Report) -> str:
    names = [name for name in _FIGURES if all(name in found for found in report["arms"].values())]
    rows = [("arm", "lift", *names)]
    for arm, found in report["arms"].items():
        lift = "" if arm == report["against"] else _interval(report["lifts"][arm])
        rows.append((arm, lift, *("{:.3f} +- {:.3f}".format(*found[name]) for name in names)))
    return markdown_table(rows)


def _types(report: Report) -> str:
    shares = list(report["shares"].values())
    rows = [("defect type", "share of our samples", report["against"], "synthetic", "lift")]
    for name, lift in report["per_type"].items():
        both = [report["arms"][arm].get(f"pixel_ap:{name}") for arm in (report["against"], "synthetic")]
        rows.append(
            (
                name,
                ", ".join(f"{found[name]:g}" for found in shares),
                *("" if one is None else "{:.3f} +- {:.3f}".format(*one) for one in both),
                _interval(lift),
            )
        )
    return markdown_table(rows)


def _column(report: Report, arm: str, types: Sequence[str]) -> list[str]:
    found, spread = (
        {row["type"]: row[arm] for row in report[name]} for name in ("average_precision", "spread")
    )
    told = {
        name: f"{found[name]:.3f}" + (f" +- {spread[name]:.3f}" if spread[name] else "") for name in types
    }
    return [f"**{told[name]}**" if name == MEAN else told[name] for name in types]


def _interval(row: Report) -> str:
    return f"{row['lift']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"


def _main(paths: Sequence[Path]) -> None:
    found = {path.stem: json.loads(path.read_text()) for path in paths}
    rehearsals = {name: report for name, report in found.items() if "average_precision" in report}
    for report in found.values():
        if "verdict" in report:
            print(gate_tables(report))
        elif "harm" in report:
            print(trust_table(report))
    if rehearsals:
        print(rehearsal_table(rehearsals))


if __name__ == "__main__":
    _main([Path(word) for word in sys.argv[1:]])
