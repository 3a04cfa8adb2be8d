"""The `kpi` command on a part with samples, reviews, a pace and a verdict, and on a part with none of these."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from data_registry.errors import NotFound
from data_registry.records import PartRecord
from factory_gen.errors import InputRefused, UsageError
from pipelines import kpi
from pipelines.cli import main
from pipelines.commands.output import to_json
from pipelines.figures import kpi_names
from pipelines.figures.kpi_report import summary
from pipelines.settings import load_settings
from pipelines.wiring import Workplace, open_workplace
from tests.pipelines.judged_part import DEVICE, add_verdict, judged_part

PLANT = """
currency = "EUR"
[cost_escape]
mid = 300
low = 150
high = 600
source = "complaints of last year"
[defect_counts]
defects = 50
parts = 5000
source = "line 3"
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workplace]:
    settings = load_settings({"home": tmp_path / "home", "tracking": False}, environ={}).settings
    with open_workplace(settings) as opened:
        yield opened


@pytest.fixture
def part(work: Workplace) -> PartRecord:
    return judged_part(work)


class Page(HTMLParser):
    """What a browser would see of a page: its tags with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_three_figures(work: Workplace, part: PartRecord) -> None:
    report = kpi.run(work, "tile")
    assert report.speed is not None and report.quality is not None
    assert report.gate is not None and report.roi is not None
    assert (report.speed.device, report.speed.warm, report.speed.kept) == (DEVICE, True, 48)
    assert (report.speed.p50, report.speed.p95) == (0.75, 1.0)
    assert (report.quality.usable.yes, report.quality.usable.of) == (90, 100)
    assert (report.quality.blind, report.quality.enough_controls) == (True, True)
    assert report.roi.benefit_mid == pytest.approx(1052.7), "the worked example's counts are in the verdict"
    assert report.roi.word == "not proven"
    assert "Not proven" in report.money and "(macro pixel AP). The lift is +0.052" in report.verdict
    assert {"cost_escape", "parts_per_month"} <= set(report.examples)
    json.loads(to_json(report))


def test_figures_are_kept_when_they_change(work: Workplace, part: PartRecord) -> None:
    first, again = kpi.run(work, "tile"), kpi.run(work, "tile")
    assert (first.stored, again.stored) == (7, 0)
    with work.registry.read() as rows:
        [usable] = rows.kpis.page(part.id, name=kpi_names.USABLE)
        [benefit] = rows.kpis.page(part.id, name=kpi_names.BENEFIT)
        assert set(rows.kpis.names(part.id)) == set(kpi_names.ALL)
        sample = rows.samples.page(part.id, limit=1)[0]
    assert (usable.value, usable.details["of"]) == (0.9, 100)
    assert benefit.low is not None and benefit.low < benefit.value
    assert benefit.unit == "USD/month"
    with work.registry.write() as rows:
        rows.reviews.add(sample.id, decision="ng", reviewer="Sato", session="s2")
    assert kpi.run(work, "tile").stored == 1
    with work.registry.read() as rows:
        assert [row.value for row in rows.kpis.page(part.id, name=kpi_names.USABLE)] == [0.9, 0.89]


def test_the_plants_own_figures(work: Workplace, part: PartRecord, tmp_path: Path) -> None:
    path = tmp_path / "plant.toml"
    path.write_text(PLANT)
    report = kpi.run(work, "tile", inputs=path)
    assert report.roi is not None
    assert (report.currency, report.roi.word) == ("EUR", "pays")
    assert report.sources["cost_escape"] == "complaints of last year"
    assert not {"cost_escape", "defect_rate"} & set(report.examples)


def test_the_plants_own_trial_goes_before_the_gates(
    work: Workplace, part: PartRecord, tmp_path: Path
) -> None:
    path = tmp_path / "plant.toml"
    trial = "[recall]\ntotal = 100\ngained = 20\nlost = 0\nsource = 'line trial'\n"
    path.write_text(f"{trial}[false_rejects]\ntotal = 500\ngained = 0\nlost = 0\nsource = 'line trial'\n")
    report = kpi.run(work, "tile", inputs=path)
    assert report.roi is not None
    assert (report.roi.recall_gain[0], report.roi.false_reject_gain[0]) == (0.2, 0.0)


def test_money_in_another_currency(work: Workplace, part: PartRecord) -> None:
    dollars, yen = kpi.run(work, "tile"), kpi.run(work, "tile", currency="JPY", rate=150.0)
    assert dollars.roi is not None and yen.roi is not None
    assert yen.currency == "JPY"
    assert yen.roi.benefit == pytest.approx([150 * value for value in dollars.roi.benefit])
    assert (yen.roi.p_net, yen.roi.break_even) == pytest.approx((dollars.roi.p_net, dollars.roi.break_even))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"currency": "EUR"}, UsageError),
        ({"currency": "EUR", "rate": 0.0}, UsageError),
        ({"rate": 2.0}, UsageError),
        ({"currency": "USD", "rate": 2.0}, UsageError),
        ({"part": "tyle"}, NotFound),
    ],
)
def test_a_call_that_is_off_keeps_nothing(
    work: Workplace, part: PartRecord, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        kpi.run(work, options.pop("part", "tile"), **options)
    with work.registry.read() as rows:
        assert rows.kpis.names(part.id) == [kpi_names.SPEED]


def test_a_part_without_anything_is_told_what_is_missing(work: Workplace, tmp_path: Path) -> None:
    with work.registry.write() as rows:
        rows.parts.add("bare", source_root="x")
    report = kpi.run(work, "bare", html=tmp_path / "bare.html")
    assert (report.speed, report.quality, report.gate, report.roi, report.stored) == (
        None,
        None,
        None,
        None,
        0,
    )
    assert report.break_even == pytest.approx(0.151, abs=0.001)
    assert "factory-gen gate" in report.verdict
    assert "not been measured" in report.money
    page = Page((tmp_path / "bare.html").read_text())
    assert page.open == []
    assert not [tag for tag, _ in page.tags if tag == "svg"]
    assert [line.figure for line in summary(report).figures] == ["gain in recall to break even"]


def test_open_reviews_count_only_without_blind_ones(work: Workplace, part: PartRecord) -> None:
    with work.registry.write() as rows:
        for one in rows.samples.page(part.id, limit=100):
            rows.reviews.add(one.id, decision="ok", reviewer="Sato")
    report = kpi.run(work, "tile")
    assert report.quality is not None
    assert (report.quality.usable.yes, report.quality.blind) == (90, True)
    other = judged_part(work, "open", session=None)
    report = kpi.run(work, other.name)
    assert report.quality is not None
    assert (report.quality.usable.yes, report.quality.blind) == (90, False)
    assert "blind session" in report.quality_note


def test_a_verdict_that_does_not_help_is_said_plainly(
    work: Workplace, part: PartRecord, tmp_path: Path
) -> None:
    add_verdict(work, part, decision="harms", lift=-0.05, lift_low=-0.09, lift_high=-0.01, report={})
    report = kpi.run(work, "tile", html=tmp_path / "page.html")
    assert "does worse" in report.verdict and "-0.050 (-0.090 to -0.010)" in report.verdict
    assert report.roi is None, "this gate told nothing about recall"
    text = (tmp_path / "page.html").read_text()
    assert '<div class="verdict harms"><strong>✕ harms</strong>' in text


def test_the_page_opens_without_a_network_and_shows_everything(
    work: Workplace, part: PartRecord, tmp_path: Path
) -> None:
    kpi.run(work, "tile")
    with work.registry.write() as rows:
        rows.reviews.add(rows.samples.page(part.id, limit=1)[0].id, decision="ng", reviewer="S", session="s2")
    target = tmp_path / "deep" / "page.html"
    kpi.run(work, "tile", html=target)
    text = target.read_text()
    page = Page(text)
    assert page.open == []
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert not re.findall(r"https?:|src=|href=|url\(|@import", text)
    assert "prefers-color-scheme: dark" in text
    for head in (
        "✓ helps",
        "Precision over recall on held-out real pictures, before and after",
        "before: real oversampled",
        "after: with the samples",
        "Leave pit out.",
        "Only 9 groups are held out.",
        "Lift against synthetic samples, times the real ones",
        "Lift against real defects per type given",
        "Lift of each arm over real oversampled",
        "By defect type",
        "Where it comes from: USD per month",
        "What moves it most",
        "Usable rate, ",
        "What went in",
        "example, replace it",
        "9 inputs are examples",
        DEVICE,
    ):
        assert head in page.text, head
    assert "stain <b>" in page.text, "a name from outside is text and never a tag"


def test_a_page_that_cannot_be_written_is_said(work: Workplace, part: PartRecord, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").write_text("x")
    for target in (tmp_path / "taken", tmp_path / "file" / "page.html"):
        with pytest.raises(InputRefused, match="html"):
            kpi.run(work, "tile", html=target)


@pytest.mark.filterwarnings("ignore")  # what mlflow's own imports warn of
def test_the_command_logs_to_mlflow_and_writes_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    settings = load_settings({"home": home}, environ={}).settings
    with open_workplace(settings) as work:
        judged_part(work)
    page = tmp_path / "page.html"
    assert main(["kpi", "--home", str(home), "--html", str(page), "--json", "-q"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert page.is_file() and report["html"] == str(page)
    from mlflow import MlflowClient

    logged = MlflowClient(tracking_uri=settings.mlflow_uri).get_run(report["mlflow_run"])
    assert logged.data.metrics[kpi_names.USABLE] == 0.9
    assert logged.data.metrics[f"{kpi_names.BENEFIT}.low"] == pytest.approx(report["roi"]["benefit"][0])
    assert logged.data.tags["gate"] == "helps"
    assert main(["kpi", "--home", str(home), "-q"]) == 0
    shown = capsys.readouterr().out
    assert "usable rate" in shown and "seconds per kept image" in shown
