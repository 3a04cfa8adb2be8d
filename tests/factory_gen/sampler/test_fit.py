"""Training of all parts: reproducible, resumable, baselines from the same code, models that come back as saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from factory_gen.errors import InputRefused, IntegrityError, UsageError
from factory_gen.sampler.fit import fit
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.parts import NETWORKS, Parts
from tests.factory_gen.sampler.tiny_model import tiny_fit, tiny_pictures, tiny_recipe


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return tiny_fit(tmp_path_factory.mktemp("fit")).parts


def weights(parts: Parts) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key}": value
        for name, network in parts.networks.items()
        for key, value in network.state_dict().items()
    }


def assert_same(first: Parts, second: Parts) -> None:
    one, two = weights(first), weights(second)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_same_seed_same_weights_and_another_seed_other_weights(parts: Parts, tmp_path: Path) -> None:
    assert_same(parts, tiny_fit(tmp_path / "again").parts)
    other = weights(tiny_fit(tmp_path / "other", seed=1).parts)
    assert not torch.equal(other["flow.trunk.embed.weight"], weights(parts)["flow.trunk.embed.weight"])


class Killed(Exception):
    pass


@pytest.mark.parametrize("stage", ["grain", "prior", "flow"])
def test_a_fit_killed_in_a_stage_resumes_to_the_same_weights(
    parts: Parts, tmp_path: Path, stage: str
) -> None:
    def kill(name: str, step: int, fraction: float, figures: object) -> None:
        if name == stage and step == 2:
            raise Killed

    with pytest.raises(Killed):
        fit(tiny_pictures(), tiny_recipe(), tmp_path, device="cpu", report=kill)
    assert_same(parts, tiny_fit(tmp_path, resume=True).parts)


@pytest.mark.parametrize(
    "settings",
    [
        {"source": "gaussian", "use_code": False},
        {"source": "gaussian"},
        {"source": "gaussian-data"},
        {"weight": "one"},
        {"weight": "sigma"},
    ],
)
def test_baselines_are_settings_of_the_recipe(tmp_path: Path, settings: dict[str, object]) -> None:
    found = tiny_fit(tmp_path, **settings).parts
    assert found.facts.source == settings.get("source", "learned")
    windows = Generator(found).whole_windows(2, generator=torch.Generator().manual_seed(1))
    assert windows.shape == (2, 32, 32, 1)


def test_a_flow_map_is_a_setting_of_the_recipe_and_draws_with_one_call(tmp_path: Path) -> None:
    """Killed in its tuning it resumes to the same weights; saved, it comes back with its spans."""

    def kill(name: str, step: int, fraction: float, figures: object) -> None:
        if name == "flow-map" and step == 2:
            raise Killed

    settings: dict[str, object] = {"objective": "flow-map", "tuning_steps": 4}
    wanted = tiny_fit(tmp_path / "whole", **settings)
    assert wanted.stages["flow-map"][0] == 4
    with pytest.raises(Killed):
        fit(tiny_pictures(), tiny_recipe(**settings), tmp_path / "killed", device="cpu", report=kill)
    assert_same(wanted.parts, tiny_fit(tmp_path / "killed", resume=True, **settings).parts)
    Generator(wanted.parts).save_pretrained(tmp_path / "model")
    back = Generator.from_pretrained(tmp_path / "model", "cpu")
    assert_same(wanted.parts, back.parts)
    for solver, steps in (("flow-map", 1), ("flow-map", 3), ("midpoint", 2)):
        windows = back.whole_windows(
            2, generator=torch.Generator().manual_seed(1), solver=solver, steps=steps
        )
        assert windows.shape == (2, 32, 32, 1)


def test_reflow_is_a_setting_of_the_recipe(parts: Parts, tmp_path: Path) -> None:
    settings: dict[str, object] = {"objective": "reflow", "tuning_steps": 3, "reflow_pairs": 8}
    found = tiny_fit(tmp_path, **settings)
    assert found.stages["reflow"][0] == 3
    assert found.parts.flow.config["spans"] is False
    assert not torch.equal(
        weights(found.parts)["flow.trunk.embed.weight"], weights(parts)["flow.trunk.embed.weight"]
    )


def test_a_model_of_velocities_refuses_to_jump(parts: Parts) -> None:
    with pytest.raises(UsageError, match="flow-map"):
        Generator(parts).whole_windows(1, generator=torch.Generator(), solver="flow-map", steps=1)


def test_a_saved_model_comes_back_equal_and_draws_the_same(parts: Parts, tmp_path: Path) -> None:
    generator = Generator(parts)
    generator.save_pretrained(tmp_path / "model")
    back = Generator.from_pretrained(tmp_path / "model", "cpu")
    assert_same(parts, back.parts)
    assert back.parts.facts.contrasts == parts.facts.contrasts
    first = generator.whole_windows(2, generator=torch.Generator().manual_seed(3))
    second = back.whole_windows(2, generator=torch.Generator().manual_seed(3))
    assert (first == second).all()


def test_model_folders_hold_no_pickle_and_the_indexes_name_no_module_of_ours(
    parts: Parts, tmp_path: Path
) -> None:
    Generator(parts).save_pretrained(tmp_path / "model")
    files = [path for path in (tmp_path / "model").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".safetensors"}
    # Moving a module must not break old models, so no file may name one.
    for path in files:
        if path.suffix == ".json":
            assert "factory_gen." not in path.read_text()


@pytest.mark.parametrize(
    "name", ["flow/diffusion_pytorch_model.safetensors", "part.json", "references.safetensors"]
)
def test_a_changed_or_missing_file_is_found(parts: Parts, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    Generator(parts).save_pretrained(folder)
    path = folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(IntegrityError, match="has changed"):
        Generator.from_pretrained(folder, "cpu")
    path.unlink()
    with pytest.raises(IntegrityError, match="is missing"):
        Generator.from_pretrained(folder, "cpu")


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    tmp_path.joinpath("manifest.json").write_text(json.dumps({}))
    with pytest.raises(IntegrityError, match="complete factory_gen model"):
        Generator.from_pretrained(tmp_path, "cpu")


def test_fine_tuning_keeps_the_autoencoder_and_moves_the_rest(parts: Parts, tmp_path: Path) -> None:
    tuned = fit(tiny_pictures(), tiny_recipe(), tmp_path, seed=9, device="cpu", start_from=parts).parts
    before, after = weights(parts), weights(tuned)
    for name in NETWORKS:
        own = [key for key in before if key.startswith(f"{name}.")]
        moved = any(not torch.equal(before[key], after[key]) for key in own)
        assert moved == (name in ("prior", "codes", "flow")), name


def test_fine_tuning_from_other_defect_types_is_refused(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="fine-tune"):
        fit(tiny_pictures(defects=0), tiny_recipe(), tmp_path, device="cpu", start_from=parts)


def test_a_part_without_defects_still_gives_good_windows(tmp_path: Path) -> None:
    found = tiny_fit(tmp_path, defects=0).parts
    assert found.facts.types == ("good",)
    assert Generator(found).whole_windows(1, generator=torch.Generator()).shape == (1, 32, 32, 1)
