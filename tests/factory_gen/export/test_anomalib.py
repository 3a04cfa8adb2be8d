"""anomalib's Folder layout and its configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from factory_gen.errors import IntegrityError
from factory_gen.export import anomalib
from tests.factory_gen.export.drawn_items import all_shapes, export, good, item


def test_the_configuration_leads_to_every_file(tmp_path: Path) -> None:
    root = tmp_path / "out"
    export(anomalib.FORMAT, root, all_shapes(), [good(0), good(1, ".jpg")])
    config = yaml.safe_load((root / "folder.yaml").read_text())
    assert config["class_path"] == "anomalib.data.Folder"
    given = config["init_args"]
    assert (given["name"], given["root"]) == ("tile", ".")
    assert len(list((root / given["normal_dir"]).iterdir())) == 2
    assert len(list((root / given["abnormal_dir"]).rglob("*.png"))) == len(all_shapes())
    assert len(list((root / given["mask_dir"]).rglob("*.png"))) == len(all_shapes())


def test_pictures_and_masks_pair_in_sorted_order(tmp_path: Path) -> None:
    # Types whose names sort differently once something is appended, as `a` and `a-b` do before `/` and `.`.
    types = ("a", "a-b", "a_b", "ab", "欠け")
    items = [item(number, defect_type=kind) for number, kind in enumerate(types * 3)]
    export(anomalib.FORMAT, tmp_path / "out", items, types=types)
    images = sorted(str(path) for path in (tmp_path / "out/abnormal").rglob("*.png"))
    masks = sorted(str(path) for path in (tmp_path / "out/mask").rglob("*.png"))
    assert [Path(path).stem for path in images] == [Path(path).stem for path in masks]
    assert len(images) == 15


def test_files_that_do_not_pair_are_found(tmp_path: Path) -> None:
    export(anomalib.FORMAT, tmp_path / "out", [item(0), item(1)])
    (tmp_path / "out/mask/crack/crack_000000.png").unlink()
    with pytest.raises(IntegrityError, match="crack_000001"):
        list(anomalib.read_back(tmp_path / "out"))


@pytest.mark.parametrize("name", ['a "quoted" part', "a: b # c", "部品"])
def test_any_part_name_survives_the_configuration(tmp_path: Path, name: str) -> None:
    from factory_gen.export.gate import Gate
    from factory_gen.export.write import Order, write_export

    order = Order(part=name, version=1, fmt=anomalib.FORMAT, target=tmp_path / "out", types=("crack",))
    write_export(order, [item()], [], Gate())
    config = yaml.safe_load((tmp_path / "out/folder.yaml").read_text())
    assert config["init_args"]["name"] == name
