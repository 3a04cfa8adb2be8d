"""A process that stores blobs and rows is killed at any moment: no row may name bytes that are not there."""

from __future__ import annotations

import multiprocessing
import random
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from data_registry.records import PartRecord
from data_registry.session import Registry, open_registry
from data_registry.storage import BlobStore
from pipelines import verify
from pipelines.settings import Settings, load_settings
from pipelines.wiring import Workplace
from tests.data_registry.rows import defect

KILLS = 20


def _ingest(url: str, root: Path, part_id: int, round_: int, ready: Connection) -> None:
    """Bytes first, then the rows that name them, until the end comes."""
    blobs = BlobStore(root)
    with open_registry(url) as registry:
        ready.send(True)
        for number in range(100_000):
            images = []
            for place in range(3):
                name = f"{round_}-{number}-{place}"
                picture, mask = blobs.put(name.encode() * 2000), blobs.put(f"mask {name}".encode())
                images.append(defect(name, sha256=picture, mask_sha256=mask))
            with registry.write() as work:
                work.images.add_many(part_id, images)


@pytest.mark.slow
def test_kills_at_random_times_leave_a_sound_registry(
    registry_url: str, registry: Registry, part: PartRecord, tmp_path: Path
) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    moments = random.Random(11)
    context = multiprocessing.get_context("fork")
    registry.close()  # a child must not share the parent's connections
    for round_ in range(KILLS):
        here, there = context.Pipe()
        child = context.Process(target=_ingest, args=(registry_url, blobs.root, part.id, round_, there))
        child.start()
        assert here.poll(30)
        time.sleep(moments.uniform(0.0, 0.25))
        child.kill()
        child.join()
        assert child.exitcode == -9
        here.close()
        there.close()

    report = verify.run(Workplace(settings=_settings(tmp_path), registry=registry, blobs=blobs))
    assert report.problems == ()
    assert report.counts.hashed == report.counts.mentions > 6
    # Each kill leaves at most the bytes of the one transaction that was on its way.
    assert report.counts.orphans <= 6 * KILLS
    assert report.counts.unfinished <= KILLS
    assert report.counts.blobs == report.counts.mentions + report.counts.orphans


def _settings(home: Path) -> Settings:
    return load_settings({"home": home}, environ={}).settings
