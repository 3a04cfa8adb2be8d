"""What the review page shows of one sample or one control: pictures, scores with their limits, where it is from."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data_registry.errors import NotFound
from data_registry.records import PartRecord, SampleRecord, SourceImageRecord
from data_registry.session import Work
from factory_gen.quality.scores import RULES
from pipelines.review.pictures import (
    Shown,
    as_bytes,
    cut,
    difference,
    load,
    load_real,
    outline,
    picture_bytes,
    piece_around,
    whole_bytes,
)
from pipelines.scoring.real_neighbours import RealDefects, real_defects
from pipelines.wiring import Workplace

SAMPLE, CONTROL = "s", "c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is decided on: a sample, or a picture of the plant as a control with the mask of another one.

    Its `key` is a short text for addresses and browsers.
    """

    kind: str
    number: int
    mask_of: int = 0

    @property
    def key(self) -> str:
        """Such as `s12`, or `c7-9` for picture 7 with the mask of picture 9."""
        return f"{self.kind}{self.number}" + (f"-{self.mask_of}" if self.mask_of else "")


def subject_of(key: str) -> Subject:
    """The subject with this key.

    Raises:
        NotFound: no key at all.
    """
    kind, rest = key[:1], key[1:].split("-")
    if kind not in (SAMPLE, CONTROL) or not all(one.isascii() and one.isdigit() for one in rest):
        raise NotFound(expected="something to review", found=repr(key), action="Open the page again.")
    return Subject(kind=kind, number=int(rest[0]), mask_of=int(rest[1]) if len(rest) > 1 else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """One score with the range it should lie in; `fits` is None where there is no limit."""

    name: str
    value: float
    low: float | None
    high: float | None
    fits: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One thing to decide on.

    Attributes:
        key: its subject's.
        defect_type: what it is said to show.
        pictures: name ("whole", "source", "result", "mask", "difference", "nearest", "outline",
            "nearest outline") to PNG or JPEG bytes.
        scores: empty for a control.
        nearest_distance, nearest_limit: to the nearest real defect; None without one.
        decision: the latest on a sample, None before any.
        facts: further lines for people, such as the model's number and the seed.
    """

    key: str
    defect_type: str
    pictures: Mapping[str, bytes]
    scores: tuple[ScoreLine, ...]
    nearest_distance: float | None
    nearest_limit: float | None
    decision: str | None
    facts: Mapping[str, str]


def review_item(work: Workplace, part: PartRecord, key: str) -> ReviewItem:
    """Gather one item.

    Raises:
        NotFound: no such sample or picture in this part.
        Integrity: its bytes are missing or damaged.
    """
    subject = subject_of(key)
    return _sample(work, part, subject) if subject.kind == SAMPLE else _control(work, part, subject)


def limit_pictures(work: Workplace, part: PartRecord, defect_type: str) -> dict[str, tuple[bytes, bytes]]:
    """Limit samples of a type: "faintest", "typical", "strongest" to (picture, outline)."""
    found = real_defects(work, part).limit_samples(defect_type)
    return {name: _real_piece(load_real(work, row)) for name, row in found.items()}


def draw_control(work: Workplace, part: PartRecord, chance: random.Random) -> Subject | None:
    """A picture of the plant to mix in: half of them real defects, half good ones with a real defect's mask."""
    with work.registry.read() as rows:
        counts = rows.images.counts(part.id)
        masked = sum(one.n for one in counts if one.kind == "defect" and one.has_mask)
        good = sum(one.n for one in counts if one.kind == "good")
        if not masked:
            return None
        defect = _any(rows, part, "defect", masked, chance)
        if good and chance.random() < 0.5:
            picture = _any(rows, part, "good", good, chance)
            return Subject(kind=CONTROL, number=picture.id, mask_of=defect.id)
    return Subject(kind=CONTROL, number=defect.id)


def _any(rows: Work, part: PartRecord, kind: str, count: int, chance: random.Random) -> SourceImageRecord:
    """Any picture of a kind: the first one above a number drawn from where they lie."""
    with_mask = True if kind == "defect" else None
    first = rows.images.page(part.id, kind=kind, with_mask=with_mask, limit=1)
    above = first[0].id - 1 + chance.randrange(2 * count)
    found = rows.images.page(part.id, kind=kind, with_mask=with_mask, after_id=above, limit=1)
    return (found or first)[0]


def _sample(work: Workplace, part: PartRecord, subject: Subject) -> ReviewItem:
    with work.registry.read() as rows:
        sample = rows.samples.get(subject.number)
        _own(part, sample.part_id, subject)
        source = rows.images.get(sample.source_image_id)
        model = next(
            (one.number for one in rows.models.list(part.id) if one.id == sample.model_version_id), 0
        )
    shown = load(work, sample.image_sha256, sample.mask_sha256, bit_depth=source.bit_depth)
    reals = real_defects(work, part)
    pictures, distance, limit = _common(work, reals, sample.defect_type, shown, None)
    before = as_bytes(work, source.sha256, source.bit_depth)
    piece = piece_around(shown.mask)
    pictures["source"] = picture_bytes(cut(before, piece))
    pictures["difference"] = picture_bytes(cut(difference(before, shown.pixels), piece))
    return ReviewItem(
        key=subject.key,
        defect_type=sample.defect_type,
        pictures=pictures,
        scores=_scores(reals, sample),
        nearest_distance=distance,
        nearest_limit=limit,
        decision=sample.latest_review,
        facts={
            "sample": str(sample.id),
            "model": str(model),
            "seed": str(sample.seed),
            "source": source.relative_path,
        },
    )


def _control(work: Workplace, part: PartRecord, subject: Subject) -> ReviewItem:
    with work.registry.read() as rows:
        image = rows.images.get(subject.number)
        mask_of = rows.images.get(subject.mask_of) if subject.mask_of else image
    _own(part, image.part_id, subject)
    _own(part, mask_of.part_id, subject)
    if mask_of.mask_sha256 is None:
        raise NotFound(expected="a picture with a mask", found="none", action="Open the page again.")
    shown = load(work, image.sha256, mask_of.mask_sha256, bit_depth=image.bit_depth)
    defect_type = mask_of.defect_type or ""
    pictures, distance, limit = _common(work, real_defects(work, part), defect_type, shown, image.sha256)
    return ReviewItem(
        key=subject.key,
        defect_type=defect_type,
        pictures=pictures,
        scores=(),
        nearest_distance=distance,
        nearest_limit=limit,
        decision=None,
        facts={},
    )


def _own(part: PartRecord, part_id: int, subject: Subject) -> None:
    if part_id != part.id:
        raise NotFound(
            expected=f"something of {part.name} to review", found=subject.key, action="Open the page again."
        )


def _common(
    work: Workplace, reals: RealDefects, defect_type: str, shown: Shown, but: str | None
) -> tuple[dict[str, bytes], float | None, float | None]:
    """What samples and controls share: whole picture, piece, mask, outline, nearest real defect."""
    piece = piece_around(shown.mask)
    mask = cut(shown.mask, piece)
    pictures = {
        "whole": whole_bytes(shown, piece),
        "result": picture_bytes(cut(shown.pixels, piece)),
        "mask": picture_bytes(mask.astype(np.uint8) * 255),
        "outline": outline(mask),
    }
    nearest = reals.nearest(defect_type, shown, but=but)
    if nearest is None:
        return pictures, None, None
    pictures["nearest"], pictures["nearest outline"] = _real_piece(load_real(work, nearest.row))
    return pictures, nearest.distance, nearest.limit


def _real_piece(shown: Shown) -> tuple[bytes, bytes]:
    piece = piece_around(shown.mask)
    return picture_bytes(cut(shown.pixels, piece)), outline(cut(shown.mask, piece))


def _scores(reals: RealDefects, sample: SampleRecord) -> tuple[ScoreLine, ...]:
    """The scores that have a rule, in the rules' order; the audit's own limits go before the learned ones."""
    audited = {"contrast": "contrast_floor", "nearest_real": "copy_limit"}
    lines = []
    for name in RULES:
        value = sample.scores.get(name, sample.audit.get(name))
        if not isinstance(value, int | float):
            continue
        limit = reals.limit(sample.defect_type, name)
        low, high = limit.low, limit.high
        told = sample.audit.get(audited.get(name, ""))
        if isinstance(told, int | float):
            low = float(told)
        known = low is not None or high is not None
        fits = not ((low is not None and value < low) or (high is not None and value > high))
        lines.append(
            ScoreLine(name=name, value=float(value), low=low, high=high, fits=fits if known else None)
        )
    return tuple(lines)
