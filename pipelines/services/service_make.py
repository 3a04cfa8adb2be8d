"""Checked calls of those who make: pictures in, models, samples. Heavy imports happen inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from data_registry.records import PartRecord, SampleRecord
from pipelines.intake.options import IngestOptions
from pipelines.intake.report import IngestReport
from pipelines.progress import Progress, Silent
from pipelines.services.calls import Calls, checked
from pipelines.services.drafts import Strokes, keep_draft, read_draft
from pipelines.uploads import keep_upload
from pipelines.wiring import part_lock

if TYPE_CHECKING:
    from pipelines.drawing.try_out import TryOut
    from pipelines.drawing.variants import Variants
    from pipelines.explore import Nearest, Stages, Walk
    from pipelines.generate import GenerateReport


class MakeCalls(Calls):
    """Ingest, masks, train, generate, inpaint."""

    @checked("ingest")
    def upload(self, *, file: IO[bytes]) -> Path:
        """Keep a zip that a browser sent; returns where it lies on this machine."""
        return keep_upload(self.work.settings, file)

    @checked("ingest")
    def look_at_source(
        self, *, part: str, source: Path, options: IngestOptions, progress: Progress | None = None
    ) -> IngestReport:
        """Say what taking in a folder or zip would do; nothing is written."""
        from pipelines import ingest

        work = self.work
        return ingest.run(work, source, part, options=options, dry_run=True, progress=progress or Silent())

    @checked("ingest")
    def ingest(
        self, *, part: str, source: Path, options: IngestOptions, progress: Progress | None = None
    ) -> IngestReport:
        """Take a folder or zip in while the caller waits; a broken-off one is simply done again."""
        from pipelines import ingest

        with part_lock(self.work.settings, part, "ingest"):
            report = ingest.run(self.work, source, part, options=options, progress=progress or Silent())
        self._note("ingest", part, source=str(source), added=report.added, version=report.dataset_version)
        return report

    @checked("draw masks")
    def give_mask(self, *, part: str, image_id: int, mask: np.ndarray) -> int:
        """Give a defective picture its drawn mask (H,W) bool; returns the number of the new catalogue version."""
        from pipelines.intake.catalogue_changes import give_mask

        version = give_mask(self.work, part, image_id, mask)
        self._note("draw mask", f"{part} picture {image_id}", version=version.number)
        return version.number

    @checked("change part")
    def set_region(self, *, part: str, region: np.ndarray | None) -> PartRecord:
        """Store where defects may sit, (H,W) bool over the whole picture; None allows the whole part."""
        from pipelines.intake.catalogue_changes import set_region

        changed = set_region(self.work, part, region)
        self._note("set allowed region", part, region=changed.allowed_region_sha256)
        return changed

    @checked("change part")
    def set_scale(self, *, part: str, mm_per_pixel: float | None) -> PartRecord:
        """Store millimetres per pixel."""
        from pipelines.intake.catalogue_changes import set_scale

        changed = set_scale(self.work, part, mm_per_pixel)
        self._note("set scale", part, mm_per_pixel=mm_per_pixel)
        return changed

    @checked("draw masks")
    def read_draft(self, *, part: str, canvas: str) -> Strokes:
        """What this person has painted on a picture and not used yet."""
        return read_draft(self.work.settings, self.actor.name, f"{part}/{canvas}")

    @checked("draw masks")
    def keep_draft(self, *, part: str, canvas: str, strokes: Strokes) -> bool:
        """Keep what this person paints; nothing painted forgets the draft."""
        return keep_draft(self.work.settings, self.actor.name, f"{part}/{canvas}", strokes)

    @checked("try")
    def try_out(self, /, *, part: str, **wishes: Any) -> TryOut:
        """Draw a few defects to look at (`pipelines.drawing.try_out.run`); nothing is stored."""
        from pipelines.drawing import try_out

        return try_out.run(self.work, part, **wishes)

    @checked("generate")
    def generate(self, /, *, part: str, progress: Progress | None = None, **wishes: Any) -> GenerateReport:
        """Draw and store a small batch while the caller waits; the same again goes on where it broke off."""
        from pipelines import generate

        with part_lock(self.work.settings, part, "generate"):
            report = generate.run(self.work, part, progress=progress, **wishes)
        self._note("generate", part, request=report.request, kept=report.kept)
        return report

    @checked("try")
    def draw_variants(
        self, /, *, part: str, image_id: int, mask: np.ndarray, defect: str, **wishes: Any
    ) -> Variants:
        """Fill a painted mask several times (`pipelines.drawing.variants.draw`); nothing is stored."""
        from pipelines.drawing import variants

        return variants.draw(self.work, part, image_id, mask, defect, **wishes)

    @checked("generate")
    def keep_variants(self, *, part: str, drawn: Variants, indexes: Sequence[int]) -> list[SampleRecord]:
        """Store variants as samples."""
        from pipelines.drawing import variants

        kept = variants.keep(self.work, part, drawn, indexes, self.actor.name)
        self._note("keep inpainted", part, request=drawn.request_sha256, places=list(indexes))
        return kept

    @checked("try")
    def walk(self, /, *, part: str, first: str, second: str, **wishes: Any) -> Walk:
        """Interpolate between two pictures."""
        from pipelines import explore

        return explore.walk(self.work, part, first, second, **wishes)

    @checked("try")
    def stages(self, /, *, part: str, sample_id: int, **wishes: Any) -> Stages:
        """Show a draw stage by stage: prior mean, prior sample, results."""
        from pipelines import explore

        return explore.stages(self.work, part, sample_id, **wishes)

    @checked("try")
    def nearest_real(self, /, *, part: str, sample_id: int, **wishes: Any) -> Nearest:
        """Find the real defects that a sample resembles most."""
        from pipelines import explore

        return explore.nearest_real(self.work, part, sample_id, **wishes)
