"""The table of export formats: a new format is one file and one line here."""

from __future__ import annotations

from factory_gen.errors import UsageError
from factory_gen.export import anomalib, coco, mvtec, yolo
from factory_gen.export.layout import Format

FORMATS: dict[str, Format] = {
    fmt.name: fmt for fmt in (mvtec.FORMAT, coco.FORMAT, yolo.FORMAT, anomalib.FORMAT)
}


def find_format(name: str) -> Format:
    """The format called `name`; `UsageError` with the known names if there is none."""
    if name not in FORMATS:
        raise UsageError(
            expected=f"a format out of {', '.join(FORMATS)}",
            found=repr(name),
            action="Choose one with --format.",
        )
    return FORMATS[name]
