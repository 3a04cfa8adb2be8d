"""The whole job on a plant that the program draws itself: the product's first five minutes."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from factory_gen.images.demo_plant import draw_plant
from pipelines import export, generate, ingest, train
from pipelines.pictures.contact_sheet import sheet_of_request
from pipelines.progress import Progress, Silent
from pipelines.wiring import Workplace, part_lock

PART = "demo-ring"
SAMPLES = 60
OVERRIDE = "the demo's plant is drawn and its model trained for minutes; no gate has judged these samples"
FORMATS = ("mvtec", "coco", "yolo", "anomalib")


@dataclass(frozen=True)
class DemoReport:
    """What the demo made.

    Attributes:
        seconds: stage to seconds, and "all".
        images_per_second: samples drawn, audited and stored per second.
        solver, solver_calls: how the flow was solved; calls per window.
        figures: measured on the demo plant's hold-out.
        samples, failed, redrawn: of the generation.
        bit_equal: samples whose every pixel outside the mask equals the source's, of all.
        contrast: per type, median of samples and of real defects.
        exports: format to folder.
        exported_against_a_check: the reason that went with the exports: the demo runs no gate.
        plant, home, contact_sheet: where things are.
        mlflow_run: id of the training's run.
        next_step: how to look at all of it in a browser.
    """

    seconds: Mapping[str, float]
    images_per_second: float
    solver: str
    solver_calls: int
    figures: Mapping[str, float]
    samples: int
    failed: Mapping[str, int]
    redrawn: int
    bit_equal: str
    contrast: Mapping[str, tuple[float, float]]
    exports: Mapping[str, str]
    exported_against_a_check: str | None
    plant: str
    home: str
    contact_sheet: str
    mlflow_run: str | None
    next_step: str


def run(work: Workplace, out: Path, *, seed: int = 0, progress: Progress | None = None) -> DemoReport:
    """Draw a plant, ingest it, train the tiny recipe, generate, audit, export, and show it.

    Args:
        work: where things are; the part `demo-ring` is used.
        out: folder for the plant, the exports and the contact sheet; earlier demo output in it is replaced.
        seed: of training and generation.
        progress: told what goes on.
    """
    say, clock = progress or Silent(), _Clock()
    out = out.expanduser().absolute()
    plant = out / "plant"
    with part_lock(work.settings, PART, "demo"):
        with clock.stage("draw plant"):
            shutil.rmtree(plant, ignore_errors=True)
            draw_plant(plant)
        with clock.stage("ingest"):
            ingest.run(work, plant, PART, progress=say)
        with clock.stage("train"):
            trained = train.run(work, PART, recipe="tiny", seed=seed, progress=say)
        with clock.stage("generate and audit"):
            made = generate.run(work, PART, count=SAMPLES, seed=seed, model=str(trained.model), progress=say)
        exports, reason = {}, None
        with clock.stage("export"):
            for name in FORMATS:
                target = out / f"export-{name}"
                shutil.rmtree(target, ignore_errors=True)
                report = export.run(
                    work, PART, format=name, out=target, request=made.request, override=OVERRIDE, progress=say
                )
                exports[name], reason = str(target), report.override_reason
        with clock.stage("contact sheet"):
            sheet = out / "contact_sheet.png"
            equal = sheet_of_request(
                work, PART, made.request, sheet, title="Demo plant: defects drawn by factory_gen"
            )
    return DemoReport(
        seconds=clock.done(),
        images_per_second=made.per_second,
        solver=made.solver,
        solver_calls=made.steps,
        figures=trained.figures,
        samples=made.kept,
        failed=made.failed,
        redrawn=made.redrawn,
        bit_equal=equal,
        contrast=made.contrast,
        exports=exports,
        exported_against_a_check=reason,
        plant=str(plant),
        home=str(work.settings.home),
        contact_sheet=str(sheet),
        mlflow_run=trained.mlflow_run,
        next_step=_how_to_open(work.settings.home),
    )


def _how_to_open(home: Path) -> str:
    program = Path(sys.executable).with_name("factory-gen")
    return (
        f"Run `{program} ui --open --home {home}` and open http://127.0.0.1:8501: the pages without accounts, on this "
        "machine alone."
    )


class _Clock:
    """Seconds per stage, in order."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.seconds: dict[str, float] = {}
        self.name, self.since = "", 0.0

    def stage(self, name: str) -> _Clock:
        self.name = name
        return self

    def __enter__(self) -> None:
        self.since = time.monotonic()

    def __exit__(self, *error: object) -> None:
        self.seconds[self.name] = time.monotonic() - self.since

    def done(self) -> dict[str, float]:
        return {**self.seconds, "all": time.monotonic() - self.started}
