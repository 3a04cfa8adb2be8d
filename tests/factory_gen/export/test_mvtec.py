"""The MVTec-AD tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_gen.errors import IntegrityError
from factory_gen.export import mvtec
from factory_gen.export.tree import hash_folder
from tests.factory_gen.export.drawn_items import export, good, item


def test_files_lie_where_the_layout_wants_them(tmp_path: Path) -> None:
    export(mvtec.FORMAT, tmp_path / "out", [item(0), item(1, defect_type="blow hole")], [good()])
    hole = next((tmp_path / "out/test").glob("blow_hole-*")).name
    assert hash_folder(tmp_path / "out").keys() == {
        "test/crack/crack_000000.png",
        "ground_truth/crack/crack_000000_mask.png",
        f"test/{hole}/{hole}_000001.png",
        f"ground_truth/{hole}/{hole}_000001_mask.png",
        "train/good/good_000000.png",
        "manifest.jsonl",
        "manifest_real.jsonl",
        "DATASET_CARD.md",
    }


def test_a_type_called_good_never_lands_among_the_good_parts(tmp_path: Path) -> None:
    export(mvtec.FORMAT, tmp_path / "out", [item(0, defect_type="good")], types=("good",))
    assert not (tmp_path / "out/test/good").exists()


@pytest.mark.parametrize("damage", ["gone", "truncated", "other size"])
def test_a_damaged_mask_is_found(tmp_path: Path, damage: str) -> None:
    export(mvtec.FORMAT, tmp_path / "out", [item()], [good()])
    mask = tmp_path / "out/ground_truth/crack/crack_000000_mask.png"
    if damage == "gone":
        mask.unlink()
    elif damage == "truncated":
        mask.write_bytes(mask.read_bytes()[:60])
    else:
        mask.write_bytes((tmp_path / "out/train/good/good_000000.png").read_bytes())
    with pytest.raises(IntegrityError, match="crack_000000_mask"):
        list(mvtec.read_back(tmp_path / "out"))
