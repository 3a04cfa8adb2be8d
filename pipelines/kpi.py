"""`kpi`: the three figures of a part (speed, quality, money), kept over time, logged, and written as a page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from data_registry.outcome_records import KpiRecord
from factory_gen.errors import InputRefused, UsageError
from pipelines.errors import from_os_error
from pipelines.figures.kpi_facts import Facts, gather, keep, rows_of
from pipelines.figures.kpi_page import page
from pipelines.figures.kpi_report import KpiReport, report_of
from pipelines.figures.roi_inputs import RoiInputs, in_currency, read_inputs
from pipelines.progress import Progress, Silent
from pipelines.tracking import open_tracker
from pipelines.wiring import Workplace

STAGE = "working out the figures"


def run(
    work: Workplace,
    part: str,
    *,
    inputs: Path | None = None,
    currency: str | None = None,
    rate: float | None = None,
    html: Path | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> KpiReport:
    """Work out, keep, log and show the figures of a part.

    Args:
        work: where things are.
        part: name of the part.
        inputs: TOML file with the plant's figures; ours, marked as examples, without one.
        currency: label to show money in; the inputs' own by default.
        rate: how many of `currency` one unit of the inputs' currency is worth, typed by the user.
        html: file to write the page to.
        seed: of the draws.
        progress: told what goes on.

    Raises:
        NotFound: no such part.
        InputRefused, UsageError: the inputs file is missing, no TOML, or has a wrong value; the page is a folder.
        UsageError: another currency without a rate.
        NotPermitted, NoSpace: the page cannot be written.
        TrackingBroken: the MLflow store cannot be used; everything else has been done by then.
    """
    say = progress or Silent()
    given = _inputs(inputs, currency, rate)
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
    say.start(STAGE, None)
    stored = keep(work, owner, rows_of(gather(work, owner, given, seed=seed)))
    facts = gather(work, owner, given, seed=seed)  # once more, so that the trend has today's figures
    if html is not None:
        _write(html, page(facts))
    run_id = _log(work, facts, html)
    say.finish(STAGE)
    return report_of(facts, stored, html, run_id)


def _inputs(path: Path | None, currency: str | None, rate: float | None) -> RoiInputs:
    inputs = RoiInputs() if path is None else read_inputs(path)
    if currency is None or currency == inputs.currency:
        if rate is not None:
            raise UsageError(
                expected="--rate together with another --currency",
                found=f"--rate {rate:g} and money in {inputs.currency} already",
                action="Leave --rate out, or name the currency to change to.",
            )
        return inputs
    if rate is None:
        raise UsageError(
            expected=f"--rate: how many {currency} one {inputs.currency} is worth",
            found="no rate",
            action=f"Type the rate, or give --inputs FILE with currency = '{currency}' and its figures in it.",
        )
    try:
        return in_currency(inputs, currency, rate)
    except ValueError as error:
        raise UsageError(
            expected="a short currency label and a rate above 0",
            found=str(error),
            action="Correct --currency and --rate.",
        ) from error


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
        raise InputRefused(
            expected="--html with the name of a file to write",
            found=f"{target}, which is a folder or lies below a file",
            action="Choose another name.",
        ) from error
    except OSError as error:
        raise from_os_error(error) or error from error


def _log(work: Workplace, facts: Facts, html: Path | None) -> str | None:
    """One MLflow run with today's figures; returns its id."""
    figures = dict[str, float]()
    for name, kept in facts.history.items():
        if kept:
            figures |= _figures_of(name, kept[-1])
    tags = {"kind": "kpi", "currency": facts.inputs.currency}
    if facts.gate is not None:
        tags |= {"gate": facts.gate.decision, "dataset_version": str(facts.gate.version)}
    stated: dict[str, Any] = asdict(facts.inputs)
    with open_tracker(work.settings).start_training_run(facts.part, stated, tags, name="kpi") as tracked:
        tracked.log_metrics(figures, step=0)
        if html is not None:
            tracked.log_text(html.read_text(encoding="utf-8"), "kpi.html")
        return tracked.run_id


def _figures_of(name: str, record: KpiRecord) -> dict[str, float]:
    ends = {f"{name}.low": record.low, f"{name}.high": record.high}
    return {name: record.value} | {key: value for key, value in ends.items() if value is not None}
