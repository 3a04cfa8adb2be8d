"""Figures that the documentation quotes are those of the committed result files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.bench.gate_page import gate_tables, rehearsal_table, trust_table
from pipelines.bench.prior_page import tables

RESULTS = Path(__file__).parent.parent / "docs" / "results"


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / name).read_text())
    return found


def quoted(results: dict[str, Any]) -> list[str]:
    """The figures of a main-job result file as the page writes them."""
    figures, again, texts = results["train"]["figures"], results["measure"]["figures"], []
    texts += [f"{figures[key]:.1f} dB" for key in ("psnr", "psnr_in_masks")]
    texts += [f"{figures[key]:.2f}" for key in ("calibration_holes", "calibration_whole")]
    kids = ("real", "autoencoded", "grain_noise", "grain_network", "prior_mean", "flow")
    texts += [f"{again[f'kid_{key}']:.1f}" for key in kids]
    texts.append(f"{results['train']['seconds'] / 60:.0f} minutes")
    texts.append(f"{results['train']['peak_gib']:.1f} GiB")
    texts.append(f"{results['generate']['seconds']:.0f} s")
    texts += [f"{ours:.2f} | {real:.2f}" for ours, real in results["generate"]["contrast"].values()]
    texts.append(results["thousand"]["bit_equal"])
    return texts


@pytest.mark.parametrize("name", ["main_job_magnetic_tile.json"])
def test_the_page_quotes_the_result_file(name: str) -> None:
    results, page = load(name), (RESULTS / "main_job.md").read_text()
    missing = [text for text in quoted(results) if text not in page]
    assert missing == []


@pytest.mark.parametrize("name", ["main_job_magnetic_tile.json"])
def test_a_result_file_names_its_commands_machine_and_seed(name: str) -> None:
    results = load(name)
    for key in ("commands", "machine", "commit", "commit_train"):
        assert results[key], key
    equal, total = (int(part) for part in results["thousand"]["bit_equal"].split("/"))
    assert equal == total


GATE_KEYS = (
    "part",
    "metric",
    "lift",
    "lift_low",
    "lift_high",
    "arms",
    "splits",
    "seeds",
    "machine",
    "command",
)


def test_the_page_holds_the_tables_of_every_gate() -> None:
    page = (RESULTS / "gate.md").read_text()
    files = sorted(RESULTS.glob("gate_*.json"))
    assert files
    for path in files:
        results = load(path.name)
        assert [key for key in GATE_KEYS if key not in results] == [], path.name
        assert gate_tables(results).strip() in page, path.name
        assert results["command"] in page and results["machine"] in page, path.name


def test_the_page_holds_the_tables_of_the_rehearsals_and_of_the_check_of_the_gate() -> None:
    page = (RESULTS / "gate.md").read_text()
    checks = sorted(RESULTS.glob("checks_gate_*.json"))
    assert checks
    for path in checks:
        assert trust_table(load(path.name)).strip() in page, path.name
        assert load(path.name)["command"] in page, path.name
    for folder in sorted(path.parent for path in RESULTS.glob("rehearsal_*/baseline.json")):
        order = ["baseline", *sorted({path.stem for path in folder.glob("*.json")} - {"baseline"})]
        found = {name: load(f"{folder.name}/{name}.json") for name in order}
        assert rehearsal_table(found).strip() in page, folder.name
        assert [name for name, report in found.items() if report["command"] not in page] == []


def speed_quotes(results: dict[str, Any]) -> list[str]:
    """What docs/results/speed.md must say about one speed bench."""
    shares = {(row["work"], row["precision"]): row["share"] for row in results["matrix"]}
    by_count = {row["images"]: row["ms_per_image"] for row in results["counts"]}
    windows = {row["windows"]: row["ms_per_window"] for row in results["windows"]}
    growth = next(row["value"] for row in results["figures"] if "megapixels" in row["name"])
    texts = [results["command"], f"| {results['images_per_s']:.2f} |", f"| {growth:.2f} |"]
    texts += [f"| {results['ratios'][peer['name']]:.0f} |" for peer in results["peers"]]
    texts += [
        f"{shares[work, 'fp32']:.0%} / {shares[work, 'bf16']:.0%}".replace("%", " %")
        for work in ("forward", "training step")
    ]
    texts.append(" / ".join(f"{by_count[count]:.0f}" for count in (1, 64, 1024)))
    texts.append(f"{windows[1]:.0f} / {windows[16]:.0f}")
    texts.append(f"{max(by_count):,}")
    return texts


def test_the_page_quotes_the_speed_bench() -> None:
    results, page = load("speed_cpu-2core.json"), (RESULTS / "speed.md").read_text()
    assert [text for text in speed_quotes(results) if text not in page] == []


@pytest.mark.parametrize(
    "name", sorted(str(path.relative_to(RESULTS)) for path in RESULTS.rglob("prior_*.json"))
)
def test_the_page_holds_the_tables_of_each_prior_bench(name: str) -> None:
    results, page = load(name), (RESULTS / "how_we_know.md").read_text()
    assert tables(results).strip() in page
    assert results["command"] in page
    keys = (
        "part",
        "calls_ratio_equal_quality",
        "time_ratio_equal_quality",
        "arms",
        "seeds",
        "machine",
        "command",
    )
    assert [key for key in keys if key not in results] == []


def pages_quotes(results: dict[str, Any], browser: dict[str, Any]) -> list[str]:
    """What docs/results/pages.md must say about a bench of the pages, with and without a browser."""
    texts = [results["command"], browser["command"], results["priority"]]
    for row in results["figures"]:
        asked = "-" if row["target"] is None else f"{row['target']:g}"
        texts.append(f"| {row['name']} | {asked} | {row['value']:.4g} {row['unit']}".rstrip() + " |")
    texts += [
        f"{browser[key]['p95']:g}{unit}"
        for key, unit in (("first_page_s", " s"), ("page_change_s", " s"), ("key_ms", " ms"))
    ]
    loads = [*results["load"], *browser["load"]]
    return [*texts, f"load of {min(loads):.0f} to {max(loads):.0f}"]


def test_the_page_quotes_the_bench_of_the_pages() -> None:
    results, browser = load("pages.json"), load("pages_browser.json")
    page = (RESULTS / "pages.md").read_text()
    assert [text for text in pages_quotes(results, browser) if text not in page] == []
    assert results["reached"] == all(row["reached"] is not False for row in results["figures"])
