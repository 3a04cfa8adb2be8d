"""What a new user does in the first hour, through the command line alone, on a small plant and a tiny recipe.

The steps build on each other, so they are one test; each one's report is looked at as the user would.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from factory_gen.images.demo_plant import draw_plant
from pipelines.cli import main
from tests.pipelines.trained_part import write_recipe

pytestmark = pytest.mark.filterwarnings("ignore")  # what mlflow's own imports warn of


class User:
    """Types commands and reads their JSON; stdout holds nothing else."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._home = home
        self._capsys = capsys

    def types(self, *words: str | Path, ends_with: int = 0) -> Any:
        code = main([*map(str, words), "--home", str(self._home), "--json"])
        shown = self._capsys.readouterr()
        assert code == ends_with, shown.err
        return json.loads(shown.out if code in (0, 7) else shown.err.splitlines()[-1])


@pytest.fixture
def user(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setenv("FACTORY_GEN_DEVICE", "cpu")
    monkeypatch.setenv("FACTORY_GEN_THREADS", "1")
    return User(tmp_path / "home", capsys)


def test_from_a_folder_of_pictures_to_four_exports(user: User, tmp_path: Path) -> None:
    plant = tmp_path / "plant"
    draw_plant(plant, good=12, defective=6, side=96)

    looked = user.types("ingest", plant, "--part", "ring", "--dry-run")
    assert (looked["dry_run"], looked["good"], looked["added"]) == (True, 12, 0)
    assert user.types("status")["parts"] == []
    assert user.types("ingest", plant, "--part", "ring")["added"] == 18
    (part,) = user.types("status")["parts"]
    assert "factory-gen train --part ring" in part["next_step"]

    trained = user.types("train", "--recipe", write_recipe(tmp_path))
    assert (trained["model"], trained["champion"]) == (1, True)
    assert trained["mlflow_run"]
    assert all(
        Path(path).suffix in (".safetensors", ".json", ".toml") for path in files_below(trained["folder"])
    )

    request = ("generate", "--count", "12", "--seed", "1")
    assert user.types(*request, "--dry-run")["dry_run"] is True
    made = user.types(*request)
    assert made["kept"] + sum(made["failed"].values()) == 12
    assert made["kept"] > 0
    again = user.types(*request)
    assert (again["request"], again["stored_before"]) == (made["request"], made["kept"])

    refused = user.types("export", "--out", tmp_path / "no", ends_with=4)
    assert "factory-gen gate --part ring --version 1" in refused["action"]
    assert not (tmp_path / "no").exists()
    for name in ("mvtec", "coco", "yolo", "anomalib"):
        out = tmp_path / name
        report = user.types("export", "--format", name, "--out", out, "--override", "a test of all formats")
        lines = (out / "manifest.jsonl").read_text().splitlines()
        assert len(lines) == report["images"] == made["kept"]
        first = json.loads(lines[0])
        assert (out / first["image"]).is_file()
        assert (out / first["mask"]).is_file()
        assert (plant / first["source_image"]).is_file()
        assert first["seed"] is not None

    figures = user.types("kpi", "--html", tmp_path / "kpi.html")
    assert figures["speed"]["p50"] > 0
    assert (figures["gate"], figures["quality"], figures["roi"]) == (None, None, None)
    assert "not been measured" in figures["money"]
    assert (tmp_path / "kpi.html").is_file()

    assert user.types("verify")["ok"] is True
    (part,) = user.types("status", "--part", "ring")["parts"]
    assert (part["models"], part["samples"], part["exports"]) == (1, made["kept"], 4)


def test_pictures_from_a_model_without_storing_them(user: User, tmp_path: Path) -> None:
    plant = tmp_path / "plant"
    draw_plant(plant, good=8, defective=3, side=96)
    user.types("ingest", plant, "--part", "ring")
    user.types("train", "--recipe", write_recipe(tmp_path))

    good = user.types("generate-good", "--count", "3", "--out", tmp_path / "good")
    assert len(list(Path(good["folder"]).glob("good_*.png"))) == 3
    picture = next((plant / "test" / "crack").glob("*.png"))
    mask = plant / "ground_truth" / "crack" / f"{picture.stem}_mask.png"
    drawn = user.types(
        "inpaint",
        picture,
        "--mask",
        mask,
        "--defect",
        "crack",
        "--count",
        "2",
        "--out",
        tmp_path / "inpainted",
    )
    assert all((Path(drawn["folder"]) / name).is_file() for name in drawn["images"])
    walk = user.types("interpolate", picture, "source:1", "--frames", "3", "--out", tmp_path / "frames")
    assert len(list(Path(walk["folder"]).glob("frame_*.png"))) == walk["frames"] == 3

    refused = user.types(
        "inpaint", picture, "--mask", mask, "--defect", "rust", "--out", tmp_path / "no", ends_with=2
    )
    assert "crack" in refused["expected"]
    assert not (tmp_path / "no").exists()
    assert user.types("generate-good", "--out", tmp_path / "good", ends_with=3)["error"] == "InputRefused"


def files_below(folder: str) -> list[Path]:
    found = [path for path in Path(folder).rglob("*") if path.is_file()]
    assert found
    return found
