"""The work of one generation request: chunks of fixed members, each drawn, audited, drawn again, stored at once."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from data_registry.records import ModelVersionRecord, NewSample, PartRecord, SourceImageRecord
from factory_gen.composite.audit import Audit
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartImage
from factory_gen.images.foreground import foreground
from factory_gen.quality.scores import SampleScores
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.inpaint import DefectRequest, request_seed
from factory_gen.sampler.placement import PROCEDURAL_SHARE, PlacedMask, place_mask
from factory_gen.sampler.recipe import PASTE
from factory_gen.sampler.window_draw import DrawChoice
from factory_gen.seeds import numpy_generator
from factory_gen.stages import stage
from pipelines.drawing.donors import Donors
from pipelines.drawing.hard_choice import HardChoice
from pipelines.drawing.look_ahead import look_ahead
from pipelines.pictures.part_images import allowed_region, generator_images, load_image, spread
from pipelines.pictures.stored_pairs import store_pairs
from pipelines.progress import Progress
from pipelines.scoring.learned_check import Learned, learn
from pipelines.scoring.score_limits import LimitChoice
from pipelines.wiring import Workplace

STAGE = "generating"
MOST_SOURCES = 4000
# Pixels of pictures that may be decoded before they are needed.
MOST_AHEAD = 1 << 28


@dataclass(frozen=True)
class Request:
    """Everything that decides the bytes of a request's samples."""

    part: str
    model: str
    types: tuple[str, ...]
    count: int
    seed: int
    choice: Mapping[str, Any]
    placement: str
    strength: float | tuple[float, float] | None
    region: str | None
    limits: LimitChoice = field(default_factory=LimitChoice)
    hardest_of: int = 1

    @property
    def sha256(self) -> str:
        """Name of the request."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class Tally:
    """Counts of one run; `timed` has (seconds, images kept) of each chunk that was worked."""

    def __init__(self) -> None:
        self.failed: dict[str, int] = {}
        self.sent_back: dict[str, int] = {}
        self.redrawn = 0
        self.drawn = 0
        self.timed: list[tuple[float, int]] = []

    def send_back(self, reasons: tuple[str, ...]) -> None:
        """Count what the check objected to in a sample that is drawn again."""
        for reason in reasons:
            self.sent_back[reason] = self.sent_back.get(reason, 0) + 1

    def fail(self, reason: str) -> None:
        """Count a sample that failed at every attempt."""
        self.failed[reason] = self.failed.get(reason, 0) + 1


@dataclass(frozen=True)
class Draft:
    """One sample on its way: which picture, which mask, which attempt."""

    index: int
    attempt: int
    row: SourceImageRecord
    image: PartImage
    part: np.ndarray
    region: np.ndarray
    placed: PlacedMask
    defect_type: str
    seed: int


Drawn = tuple[Draft, np.ndarray, Audit, SampleScores]


class Drawing:
    """Draws what is missing of a request."""

    def __init__(
        self,
        work: Workplace,
        part: PartRecord,
        version: ModelVersionRecord,
        generator: Generator,
        choice: DrawChoice,
        request: Request,
        say: Progress,
        tally: Tally,
        learned: Learned | None = None,
        hard: HardChoice | None = None,
    ) -> None:
        self.work, self.part, self.version, self.generator = work, part, version, generator
        self.choice, self.request, self.say, self.tally = choice, request, say, tally
        self.sources = spread(generator_images(work, part, kind="good"), MOST_SOURCES)
        if not self.sources:
            raise InputRefused(
                expected=f"good pictures of {part.name} in the generator split to draw defects into",
                found="none",
                action="Ingest good part images, then run the command again.",
            )
        with stage("learn types"):
            known = learned or learn(work, part, generator, request.types, request.limits)
        self.knowledge, self.check = known.knowledge, known.check
        self.donors, self.hard = Donors(work, generator.parts.facts.channels), hard

    def run(self) -> None:
        """Work through the chunks that are not stored yet."""
        size = self.generator.settings.chunk
        with self.work.registry.read() as rows:
            present = rows.samples.indexes(self.request.sha256)
        self.say.start(STAGE, self.request.count, "samples")
        chunks = [
            range(start, min(start + size, self.request.count))
            for start in range(0, self.request.count, size)
        ]
        missing = [chunk for chunk in chunks if not any(index in present for index in chunk)]
        largest = max(row.width * row.height for row in self.sources)
        depth = 1 if largest * size <= MOST_AHEAD else 0
        with look_ahead(lambda chunk: self._drafts(list(chunk), 0), missing, depth) as first_drafts:
            for chunk in chunks:
                if chunk in missing:
                    since = time.perf_counter()
                    kept = self._chunk(list(chunk), next(first_drafts))
                    self.tally.timed.append((time.perf_counter() - since, kept))
                self.say.advance(STAGE, len(chunk), redrawn=self.tally.redrawn)
        self.say.finish(STAGE)

    def try_out(self, members: list[int]) -> list[Drawn]:
        """Draw the members' first attempts and judge them; nothing is stored. One without a place is left out."""
        return self._draw(self._drafts(members, 0))

    def _chunk(self, members: list[int], drafts: list[Draft]) -> int:
        """Draw the chunk's members, again with the next seed where the audit objects, and store what passed.

        Where the hardest of several is wanted, each is drawn until so many have passed, or attempts run out.

        Returns:
            How many were stored.
        """
        waiting, passed, reasons = list(members), dict[int, list[Drawn]](), dict[int, str]()
        wanted = self.request.hardest_of
        for attempt in range(self.generator.settings.attempts + wanted - 1):
            if attempt:
                drafts = self._drafts(waiting, attempt)
            for index in set(waiting) - {d.index for d in drafts}:
                reasons[index] = "no-place"
            for draft, pixels, found, scores in self._draw(drafts):
                if found.passed:
                    passed.setdefault(draft.index, []).append((draft, pixels, found, scores))
                else:
                    reasons[draft.index] = found.reasons[0]
                    self.tally.send_back(found.reasons)
            waiting = [index for index in members if len(passed.get(index, ())) < wanted]
            if not waiting:
                break
            self.tally.redrawn += len(waiting)
        for index in set(members) - set(passed):
            self.tally.fail(reasons.get(index, "no-place"))
        self._store([self._hardest(passed[index]) for index in sorted(passed)])
        return len(passed)

    def _hardest(self, found: list[Drawn]) -> Drawn:
        """The draft of a sample that the inspector finds hardest; the only one where nothing is to be chosen."""
        if self.hard is None:
            return found[0]
        losses = self.hard.losses([(made, d.image.bit_depth, d.placed.mask) for d, made, _, _ in found])
        draft, pixels, audited, scores = found[int(np.argmax(losses))]
        facts = {"hardest_of": len(found), "loss": round(max(losses), 6)}
        placed = replace(draft.placed, origin={**draft.placed.origin, **facts})
        return replace(draft, placed=placed), pixels, audited, scores

    def _drafts(self, members: list[int], attempt: int) -> list[Draft]:
        """The members' drafts; one that finds no place is left out."""
        with stage("place"):
            return [d for index in members if (d := self._draft(index, attempt)) is not None]

    def _draft(self, index: int, attempt: int) -> Draft | None:
        """Choose picture, mask and place from the sample's own random stream."""
        rng = numpy_generator(self.request.seed, "draft", index, attempt)
        defect_type = self.request.types[index % len(self.request.types)]
        row = self.sources[int(rng.integers(len(self.sources)))]
        with stage("decode"):
            image = load_image(self.work, row)
        part = foreground(image.pixels)
        region = allowed_region(self.work, self.part, image.pixels, self.request.placement, found=part)
        learned, how = self.knowledge[defect_type].placement, self.request.placement
        share = 0.0 if self.choice.codes == PASTE else PROCEDURAL_SHARE
        placed = place_mask(learned, region, how, rng, pixels=image.pixels, procedural_share=share)
        if placed is None:
            return None
        seed = request_seed(self.request.seed, index, attempt)
        return Draft(index, attempt, row, image, part, region, placed, defect_type, seed)

    def _draw(self, drafts: list[Draft]) -> list[Drawn]:
        requests = [
            DefectRequest(
                d.image.pixels,
                d.image.bit_depth,
                d.placed.mask,
                d.defect_type,
                self._strength(d),
                d.seed,
                self.knowledge[d.defect_type].shift,
                d.part,
                self.donors.pasted(d.image, d.part, d.placed) if self.choice.codes == PASTE else None,
            )
            for d in drafts
        ]
        drawn = self.generator.draw(requests, self.choice)
        self.tally.drawn += len(drawn)
        with stage("audit"):
            return [
                (
                    replace(d, placed=replace(d.placed, mask=one.mask)),
                    one.pixels,
                    *self.check.examine(d.defect_type, d.image, one.pixels, one.mask, d.region),
                )
                for d, one in zip(drafts, drawn, strict=True)
            ]

    def _strength(self, draft: Draft) -> float | None:
        """The rank asked for, one within the range asked for, or the one that came with the mask."""
        asked = self.request.strength
        if asked is None:
            return draft.placed.strength
        if isinstance(asked, float | int):
            return float(asked)
        return float(
            numpy_generator(self.request.seed, "strength", draft.index, draft.attempt).uniform(*asked)
        )

    def _store(self, finished: list[Drawn]) -> None:
        with stage("encode"):
            stored = store_pairs(self.work.blobs, [(one[1], one[0].placed.mask) for one in finished])
        samples = [
            NewSample(
                source_image_id=draft.row.id,
                image_sha256=image,
                mask_sha256=mask,
                defect_type=draft.defect_type,
                mask_origin={**draft.placed.origin, "drawn": drawn_by(self.choice)},
                model_version_id=self.version.id,
                recipe_sha256=self.version.recipe_sha256,
                request_sha256=self.request.sha256,
                index=draft.index,
                seed=draft.seed,
                solver=self.choice.solver.solver,
                steps=self.choice.solver.steps,
                attempts=draft.attempt + 1,
                audit=plain(asdict(found)),
                scores=scores.known(),
            )
            for (draft, _, found, scores), (image, mask) in zip(finished, stored, strict=True)
        ]
        with stage("registry"), self.work.registry.write() as rows:
            rows.samples.add_many(self.part.id, samples)


def drawn_by(choice: DrawChoice) -> dict[str, Any]:
    """How a defect was drawn, as far as the sample's row has no column for it."""
    names = ("codes", "candidates", "gain", "feather", "overdraw")
    facts = {**{name: getattr(choice, name) for name in names}, "guidance": choice.solver.guidance}
    facts |= {"keep": choice.keep} if choice.codes == PASTE else {}
    return facts | ({"trim": True} if choice.trim else {})


def plain(audit: dict[str, Any]) -> dict[str, Any]:
    """JSON-able copy of an audit: NaN becomes None."""
    return {
        key: None if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in audit.items()
    }
