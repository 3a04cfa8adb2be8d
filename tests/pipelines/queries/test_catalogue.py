"""What the catalogue page reads, held against what was drawn and ingested."""

from __future__ import annotations

from pathlib import Path

from factory_gen.images.demo_plant import draw_plant
from pipelines import ingest
from pipelines.queries import catalogue
from tests.pipelines.ingested import PART, stored, workplace


def test_counts_and_pages_are_those_of_the_pictures(tmp_path: Path) -> None:
    draw_plant(tmp_path / "plant", seed=3, good=12, defective=9, side=96)
    with workplace(tmp_path / "home") as work:
        ingest.run(work, tmp_path / "plant", part=PART)
        with work.registry.read() as rows:
            part = rows.parts.get(PART)
        every = list(stored(work).values())
        found = catalogue.facts(work, part)
        assert found.total == len(every) == 21
        assert found.types[0].defect_type is None and found.without_mask == 0 and found.version == 1
        assert sum(count for *_, count in found.sizes) == len(every)
        for one in found.types:
            own = [row for row in every if row.defect_type == one.defect_type]
            assert one.generator == sum(row.split == "generator" for row in own)
            assert one.generator + one.holdout == len(own)
        first = catalogue.page(work, part, limit=15)
        rest = catalogue.page(work, part, limit=15, after_id=first[-1].id)
        assert [row.id for row in (*first, *rest)] == sorted(row.id for row in every)
        assert {row.kind for row in catalogue.page(work, part, kind="defect")} == {"defect"}
