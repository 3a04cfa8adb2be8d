"""A throw-away home with very many samples, made from a real one: what `bench pages` opens the dashboard on.

Model and catalogue are the real part's. The samples are rows of their own; their pictures are stored samples of that
part, moved sideways so that their bytes differ, and repeat after some thousand. The source is only read.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from data_registry.records import NewSample, PartRecord, SampleRecord
from factory_gen.errors import InputRefused
from factory_gen.images.files import encode_mask, encode_png, read_mask, read_picture
from pipelines.pictures.overlays import overlay
from pipelines.pictures.thumbnails import thumbnail
from pipelines.progress import Progress, Silent
from pipelines.settings import Settings
from pipelines.wiring import Workplace, open_workplace

REVIEWER = "bench"
TEMPLATES, PER_REQUEST, PER_WRITE = 60, 10_000, 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """A stored picture and mask that a sample can be given, with the sample that they were made from."""

    template: SampleRecord
    image_sha256: str
    mask_sha256: str


def make_home(
    source: Settings,
    folder: Path,
    part: str,
    *,
    samples: int,
    pictures: int,
    progress: Progress | None = None,
) -> Settings:
    """Copy what a part's pages need and add samples, a fifth of them reviewed, with their small pictures stored.

    Args:
        source: the real home; a registry in SQLite.
        folder: an empty folder for the new one.
        part: a part with a model and at least one stored sample.
        samples: how many to add.
        pictures: how many different pictures they share.
        progress: told what goes on.

    Returns:
        Settings of the new home.

    Raises:
        InputRefused: a registry that is no file, or a part without samples.
        NotFound: no such part.
    """
    say = progress or Silent()
    settings = replace(
        source,
        home=folder,
        registry_url=f"sqlite:///{folder / 'registry.db'}",
        blobs_dir=folder / "blobs",
        engine_url="",
        part=part,
    )
    _copy(source, settings)
    with open_workplace(settings) as work:
        with work.registry.read() as rows:
            owner = rows.parts.get(part)
            templates = rows.samples.page(owner.id, limit=TEMPLATES)
        if not templates:
            raise InputRefused(
                expected=f"stored samples of {part} to make more of",
                found="none",
                action=f"Run `factory-gen generate --part {part} --count 60` first.",
            )
        drawn = list(_pictures(work, templates, pictures, say))
        _add(work, owner, drawn, samples, say)
        _review(work, owner, samples // 5, say)
    return settings


def _copy(source: Settings, made: Settings) -> None:
    prefix = "sqlite:///"
    if not source.registry_url.startswith(prefix):
        raise InputRefused(
            expected="a registry in an SQLite file, which can be copied",
            found=source.registry_url.partition(":")[0],
            action="Give another --home, such as that of `factory-gen demo`.",
        )
    made.home.mkdir(parents=True, exist_ok=True)
    with (
        closing(sqlite3.connect(source.registry_url.removeprefix(prefix))) as old,
        closing(sqlite3.connect(made.registry_url.removeprefix(prefix))) as new,
    ):
        old.backup(new)
    # stored bytes never change, so the same file may stand in both homes
    shutil.copytree(source.blobs_dir, made.blobs_dir, copy_function=_link)


def _link(old: str, new: str) -> None:
    try:
        os.link(old, new)
    except OSError:
        shutil.copyfile(old, new)


def _pictures(
    work: Workplace, templates: Sequence[SampleRecord], count: int, say: Progress
) -> Iterator[Pictured]:
    say.start("pictures", count, "pictures")
    with work.registry.read() as rows:
        sources = {one: rows.images.get(one) for one in {each.source_image_id for each in templates}}
    for number in range(count):
        template = templates[number % len(templates)]
        depth, shift = sources[template.source_image_id].bit_depth, number // len(templates)
        picture = read_picture(work.blobs.read(template.image_sha256), "sample", bit_depth=depth)
        mask = read_mask(work.blobs.read(template.mask_sha256), "mask", size=(picture.height, picture.width))
        image = work.blobs.put(encode_png(np.roll(picture.pixels, shift, axis=1)))
        made = Pictured(
            template=template,
            image_sha256=image,
            mask_sha256=work.blobs.put(encode_mask(np.roll(mask, shift, axis=1))),
        )
        thumbnail(work, image, bit_depth=depth)
        overlay(work, image, made.mask_sha256, bit_depth=depth)
        say.advance("pictures")
        yield made
    say.finish("pictures")


def _add(work: Workplace, part: PartRecord, drawn: Sequence[Pictured], count: int, say: Progress) -> None:
    say.start("samples", count, "samples")
    coming = (_sample(drawn[number % len(drawn)], number) for number in range(count))
    while chunk := list(islice(coming, PER_WRITE)):
        with work.registry.write() as rows:
            rows.samples.add_many(part.id, chunk)
        say.advance("samples", len(chunk))
    say.finish("samples")


def _sample(drawn: Pictured, number: int) -> NewSample:
    like = drawn.template
    return NewSample(
        source_image_id=like.source_image_id,
        image_sha256=drawn.image_sha256,
        mask_sha256=drawn.mask_sha256,
        defect_type=like.defect_type,
        mask_origin=dict(like.mask_origin),
        model_version_id=like.model_version_id,
        recipe_sha256=like.recipe_sha256,
        request_sha256=f"{number // PER_REQUEST:064x}",
        index=number % PER_REQUEST,
        seed=number,
        solver=like.solver,
        steps=like.steps,
        attempts=1,
        audit=dict(like.audit),
        scores=dict(like.scores),
    )


def _review(work: Workplace, part: PartRecord, count: int, say: Progress) -> None:
    """Decide on the first samples, so that a desk has to look past them."""
    say.start("reviews", count, "decisions")
    last, left = 0, count
    while left > 0:
        with work.registry.write() as rows:
            page = rows.samples.page(part.id, after_id=last, limit=min(left, PER_WRITE))
            if not page:
                break
            for one in page:
                rows.reviews.add(one.id, decision="ng" if one.id % 7 == 0 else "ok", reviewer=REVIEWER)
        last, left = page[-1].id, left - len(page)
        say.advance("reviews", len(page))
    say.finish("reviews")
