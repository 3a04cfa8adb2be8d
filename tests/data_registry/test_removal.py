from __future__ import annotations

from pathlib import Path

import pytest

from data_registry.errors import NotFound
from data_registry.outcome_records import HELPS
from data_registry.records import PartRecord
from data_registry.session import Registry, Work
from data_registry.storage import BlobStore
from tests.data_registry.rows import dataset, defect, good, model, sample, sha, stored_image


def fill(work: Work, part: PartRecord, name: str) -> None:
    """One row of every sort that a part can have."""
    image = stored_image(work, part, good(name))
    stored_image(work, part, defect(f"{name} d"))
    version = dataset(work, part, name)
    first = model(work, part, version)
    child = model(work, part, version, parent_id=first.id)
    work.models.set_alias(part.id, "champion", child.id)
    work.samples.add_many(part.id, [sample(image, first, request_sha256=sha(name))])
    (drawn,) = work.samples.page(part.id)
    work.reviews.add(drawn.id, decision="ok", reviewer="ann")
    work.reviews.add_control(image.id, decision="ng", reviewer="ann", session="s")
    made = work.datasets.add(part.id, kind="synthetic", manifest_sha256=sha(f"{name} s"), counts={})
    work.exports.add(
        part.id,
        dataset_version_id=made.id,
        format="mvtec",
        out_dir="out",
        manifest_sha256=sha("m"),
        tree_sha256=sha("t"),
        override_reason=None,
        read_back={},
    )
    work.verdicts.add(
        part.id,
        dataset_version_id=made.id,
        decision=HELPS,
        metric="ap",
        lift=0.1,
        lift_low=0.0,
        lift_high=0.2,
        settings_sha256=sha("g"),
        report={},
    )
    work.kpis.add(part.id, name="speed", value=1.0, unit="s")
    windows = [
        work.monitoring.add_window(
            part.id,
            model_version_id=child.id,
            baseline_sha256=sha("b"),
            content_sha256=sha(f"{name}{number}"),
            source="x",
            images=9,
            figures={"brightness": {"value": 1.0}},
            exceeded=["brightness"],
            unusual={},
        )
        for number in range(2)
    ]
    work.monitoring.add_alarm(part.id, first=windows[0], second=windows[1], indicators=["brightness"])
    work.retraining.set_policy(
        part.id, active=True, cron="0 2 * * *", timezone="UTC", triggers=[], set_by="ann"
    )
    work.retraining.start(part.id, cause="by hand", started_by="ann")
    work.audit.add(actor="ann", action="ingest", subject=f"part {part.name}")


def test_a_part_goes_with_everything_and_the_other_part_and_the_trail_stay(
    registry: Registry, part: PartRecord
) -> None:
    with registry.write() as work:
        other = work.parts.add("ring", source_root="rings")
        fill(work, part, "a")
        fill(work, other, "b")
        counts = work.removal.counts(part.id)
        named = set(work.removal.blobs(part.id))
        kept = work.removal.counts(other.id)
    assert {name: counts[name] for name in ("source_images", "samples", "reviews", "alarms", "verdicts")} == {
        "source_images": 2,
        "samples": 1,
        "reviews": 2,
        "alarms": 1,
        "verdicts": 1,
    }
    assert named >= {
        sha("a"),
        sha("a d"),
        sha("mask of a d"),
        sha("sample 0"),
        sha("sample mask 0"),
        sha("a s"),
    }
    assert sha("b") not in named
    with registry.write() as work:
        work.removal.delete(part.id)
    with registry.read() as work:
        assert [one.name for one in work.parts.list()] == ["ring"]
        assert work.removal.counts(part.id) == {}
        assert work.removal.counts(other.id) == kept
        assert [event.action for event in work.audit.of("part tile")] == ["ingest"]
    with pytest.raises(NotFound), registry.write() as work:
        work.removal.delete(part.id)


def test_the_region_that_a_person_drew_goes_too(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        work.parts.set_allowed_region(part.id, sha("region"))
        assert list(work.removal.blobs(part.id)) == [sha("region")]


def test_a_blob_is_destroyed_once(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    name = blobs.put(b"bytes")
    assert blobs.destroy(name)
    assert not blobs.exists(name)
    assert not blobs.destroy(name)
