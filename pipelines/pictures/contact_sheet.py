"""The contact sheet of a generation request, and the count of samples that are local to their mask."""

from __future__ import annotations

from pathlib import Path

from factory_gen.composite.contact_sheet import SheetRow, draw_contact_sheet
from factory_gen.composite.paste import outside_is_equal
from factory_gen.images.files import read_mask, read_picture
from pipelines.wiring import Workplace

PER_TYPE = 4


def sheet_of_request(
    work: Workplace, part: str, request: str, out: Path, *, title: str, per_type: int = PER_TYPE
) -> str:
    """Draw a request's first samples of each type; compare all of them with their sources.

    Returns:
        "equal/all": how many samples equal their source in every pixel outside the mask.
    """
    rows: dict[str, list[SheetRow]] = {}
    equal = total = 0
    with work.registry.read() as registry:
        owner = registry.parts.get(part)
        samples = list(registry.samples.stream(owner.id, request_sha256=request))
        sources = {s.id: registry.images.get(s.source_image_id) for s in samples}
    for sample in samples:
        row = sources[sample.id]
        source = read_picture(work.blobs.read(row.sha256), row.relative_path, bit_depth=row.bit_depth)
        result = read_picture(
            work.blobs.read(sample.image_sha256), f"sample {sample.id}", bit_depth=row.bit_depth
        )
        size = (source.height, source.width)
        mask = read_mask(work.blobs.read(sample.mask_sha256), f"mask of sample {sample.id}", size=size)
        total += 1
        equal += outside_is_equal(source.pixels, result.pixels, mask)
        own = rows.setdefault(sample.defect_type, [])
        if len(own) < per_type:
            contrast = sample.audit.get("contrast")
            shown = "-" if contrast is None else f"{contrast:.1f}"
            own.append(
                SheetRow(
                    source=source.pixels,
                    result=result.pixels,
                    mask=mask,
                    defect_type=sample.defect_type,
                    caption=f"sample {sample.id}  contrast {shown}  {sample.solver}, {sample.steps} calls",
                    bit_depth=source.bit_depth,
                )
            )
    draw_contact_sheet([row for name in sorted(rows) for row in rows[name]], out, title=title)
    return f"{equal}/{total}"
