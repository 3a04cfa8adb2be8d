"""The inpainting job: a user's picture and mask to pictures with a defect, audited."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from factory_gen.checks import check_choice
from factory_gen.composite.audit import Audit, AuditRules, audit
from factory_gen.composite.contact_sheet import SheetRow, draw_contact_sheet
from factory_gen.errors import InputRefused
from factory_gen.images.files import encode_mask, encode_png, read_mask, read_picture
from factory_gen.images.foreground import foreground
from factory_gen.sampler.contrast_target import visibility_floor
from factory_gen.sampler.inpaint import DefectRequest, request_seed
from pipelines.progress import Progress, Silent
from pipelines.release.output_folder import output_folder
from pipelines.training.model_choice import choose_model
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class InpaintReport:
    """What an inpainting gave.

    Attributes:
        folder: of the results: one PNG per variant, mask.png, sheet.png, manifest.json.
        images: file names.
        audits: one per image; a variant that failed is kept and marked, since the user drew the mask.
        model: number of the model version.
        solver, steps: as used.
        seconds: in all.
    """

    folder: str
    images: tuple[str, ...]
    audits: tuple[Mapping[str, Any], ...]
    model: int
    solver: str
    steps: int
    seconds: float


def run(
    work: Workplace,
    part: str,
    image: Path,
    mask: Path,
    defect: str,
    *,
    seed: int = 0,
    count: int = 1,
    model: str | None = None,
    steps: int | None = None,
    solver: str | None = None,
    guidance: float | None = None,
    strength: float | None = None,
    out: Path,
    progress: Progress | None = None,
) -> InpaintReport:
    """Draw `count` variants of a defect into a mask; pixels outside it stay bit for bit.

    Raises:
        InputRefused: a file cannot be read, sizes differ, the mask is empty, unknown part or model.
        UsageError: unknown defect type, or a value out of range.
    """
    started, say = time.monotonic(), progress or Silent()
    picture = read_picture(_bytes(image), image.name)
    where = read_mask(_bytes(mask), mask.name, size=(picture.height, picture.width))
    chosen = choose_model(work, part, model)
    generator = chosen.generator
    check_choice(defect, generator.types, "defect")
    # The mask is the caller's, and stays as it is.
    choice = generator.choice(steps=steps, solver=solver, guidance_scale=guidance, trim=False)
    requests = [
        DefectRequest(picture.pixels, picture.bit_depth, where, defect, strength, request_seed(seed, i, 0))
        for i in range(count)
    ]
    say.start("inpainting", count, "variants")
    drawn = generator.draw(requests, choice)
    rules = AuditRules(visibility_floor(generator.parts.facts.contrasts, defect), copies=None)
    region = foreground(picture.pixels)
    audits = [audit(picture.pixels, d.pixels, where, picture.bit_depth, region, rules) for d in drawn]
    say.finish("inpainting")
    names = tuple(f"{defect}_{i:03d}.png" for i in range(count))
    with output_folder(out) as folder:
        for name, one in zip(names, drawn, strict=True):
            (folder / name).write_bytes(encode_png(one.pixels))
        (folder / "mask.png").write_bytes(encode_mask(where))
        rows = [
            SheetRow(
                source=picture.pixels,
                result=one.pixels,
                mask=where,
                defect_type=defect,
                caption=_caption(request.seed, found),
                bit_depth=picture.bit_depth,
            )
            for request, one, found in zip(requests, drawn, audits, strict=True)
        ]
        draw_contact_sheet(rows, folder / "sheet.png", title=f"{part}: {defect} in {image.name}")
        lines = [
            {"image": name, "mask": "mask.png", "seed": request.seed, "audit": asdict(found)}
            for name, request, found in zip(names, requests, audits, strict=True)
        ]
        (folder / "manifest.json").write_text(json.dumps({"source": image.name, "images": lines}, indent=2))
    return InpaintReport(
        folder=str(out),
        images=names,
        audits=tuple(asdict(found) for found in audits),
        model=chosen.version.number,
        solver=choice.solver.solver,
        steps=choice.solver.steps,
        seconds=time.monotonic() - started,
    )


def _caption(seed: int, found: Audit) -> str:
    verdict = "passed" if found.passed else ", ".join(found.reasons)
    return f"seed {seed}  contrast {found.contrast:.1f}  {verdict}"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputRefused(
            expected=f"a readable file at {path}",
            found=error.strerror or type(error).__name__,
            action="Check the path and its access rights.",
        ) from error
