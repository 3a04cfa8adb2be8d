"""Numbers, aliases and what is refused when a model is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_registry.errors import NotFound
from factory_gen.images.demo_plant import draw_plant
from pipelines import ingest
from pipelines.training.model_choice import choose_model, which
from tests.pipelines.ingested import PART, workplace


@pytest.mark.parametrize(
    ("named", "wanted"), [(None, None), ("12", 12), ("champion", "champion"), ("-1", "-1")]
)
def test_a_number_is_a_version_and_a_word_an_alias(named: str | None, wanted: int | str | None) -> None:
    assert which(named) == wanted


def test_a_part_or_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    draw_plant(tmp_path / "plant", seed=3, good=6, defective=3, side=96)
    with workplace(tmp_path / "home") as work:
        ingest.run(work, tmp_path / "plant", part=PART)
        with pytest.raises(NotFound, match="gear"):
            choose_model(work, "gear", None)
        with pytest.raises(NotFound, match="model"):
            choose_model(work, PART, "7")
