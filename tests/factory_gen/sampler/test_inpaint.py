"""Defects drawn into pictures: bit-exact outside the mask at every depth and size, reproducible, refused when off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from factory_gen.composite.paste import outside_is_equal
from factory_gen.errors import InputRefused, UsageError
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.inpaint import DefectRequest, draw_defects, edge_width
from tests.factory_gen.sampler.tiny_model import tiny_fit


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return Generator(tiny_fit(tmp_path_factory.mktemp("fit")).parts)


def picture(size: tuple[int, ...], dtype: type = np.uint8, top: int = 255) -> np.ndarray:
    return np.random.default_rng(1).integers(top // 4, top // 2, size).astype(dtype)


def disc(size: tuple[int, int], centre: tuple[int, int], radius: int) -> np.ndarray:
    ys, xs = np.mgrid[0 : size[0], 0 : size[1]]
    return (ys - centre[0]) ** 2 + (xs - centre[1]) ** 2 <= radius**2


CASES = {
    "8 bit grey": ((72, 80), np.uint8, 8),
    "16 bit grey": ((72, 80), np.uint16, 16),
    "12 bit in 16": ((72, 80), np.uint16, 12),
    "colour": ((72, 80, 3), np.uint8, 8),
    "narrower than a window": ((20, 90), np.uint8, 8),
    "smaller than a window": ((20, 24), np.uint8, 8),
}


@pytest.mark.parametrize("case", CASES)
def test_outside_the_mask_every_bit_stays_and_inside_something_changes(
    generator: Generator, case: str
) -> None:
    size, dtype, depth = CASES[case]
    source = picture(size, dtype, 2**depth - 1)
    mask = disc(size[:2], (10, 12), 6)
    out = generator(source, mask, "pit", generator=3, bit_depth=depth).images[0]
    assert out.dtype == source.dtype
    assert outside_is_equal(source, out, mask)
    assert (out != source).any()
    assert int(out.max()) <= 2**depth - 1


@pytest.mark.parametrize("radius", [1, 8, 30])
def test_masks_from_a_few_pixels_to_many_windows_are_filled(generator: Generator, radius: int) -> None:
    source = picture((150, 160))
    mask = disc((150, 160), (75, 80), radius)
    out = generator(source, mask, "dent", generator=1).images[0]
    assert outside_is_equal(source, out, mask)
    changed = (out != source)[mask].mean()
    assert changed > 0.5


def test_same_seed_same_bytes_whatever_else_is_drawn_with_it(generator: Generator) -> None:
    source = picture((72, 80))
    masks = [disc((72, 80), (20 + 8 * i, 30), 5) for i in range(3)]
    requests = [DefectRequest(source, 8, mask, "pit", None, seed) for seed, mask in enumerate(masks)]
    together = generator.draw(requests, generator.choice())
    again = generator.draw(requests, generator.choice())
    assert all((a.pixels == b.pixels).all() for a, b in zip(together, again, strict=True))
    alone = generator.draw(requests[1:2], generator.choice())[0]
    # Matrix products of another batch size may round the last bit of a float differently, not more.
    assert int(np.abs(alone.pixels.astype(int) - together[1].pixels.astype(int)).max()) <= 1
    other = generator(source, masks[0], "pit", generator=99).images[0]
    assert (other != together[0].pixels).any()


def test_a_window_sees_the_same_wherever_the_picture_goes_on(generator: Generator) -> None:
    """The work is done on the covered piece: a larger picture around it changes nothing, nor does a given region."""
    source, mask = picture((160, 200)), disc((160, 200), (70, 90), 6)
    request = DefectRequest(source, 8, mask, "pit", 0.5, 3)
    whole = generator.draw([request], generator.choice())[0].pixels
    told = replace(request, region=np.ones(mask.shape, dtype=bool))
    assert (generator.draw([told], generator.choice())[0].pixels == whole).all()
    near = slice(40, 110), slice(50, 130)
    small = replace(request, pixels=source[near].copy(), mask=mask[near].copy())
    assert (generator.draw([small], generator.choice())[0].pixels == whole[near]).all()


@pytest.mark.parametrize("codes", ["auto", "sampler", "reference", "mix", "perturb"])
def test_every_source_of_codes_draws(generator: Generator, codes: str) -> None:
    source, mask = picture((72, 80)), disc((72, 80), (30, 30), 6)
    assert outside_is_equal(source, generator(source, mask, "pit", codes=codes).images[0], mask)


@pytest.mark.parametrize(("solver", "steps"), [("euler", 1), ("heun", 2), ("rk4", 4), ("midpoint", 8)])
def test_solvers_and_guidance_are_the_callers_choice(generator: Generator, solver: str, steps: int) -> None:
    source, mask = picture((72, 80)), disc((72, 80), (30, 30), 6)
    out = generator(source, mask, "pit", solver=solver, steps=steps, guidance_scale=2.0, count=2)
    assert len(out.images) == 2
    assert out.seeds[0] != out.seeds[1]


REFUSED = {
    "unknown type": ({"defect_type": "scratch"}, UsageError, "dent, pit"),
    "mask of another size": ({"mask": np.ones((5, 5), dtype=bool)}, UsageError, r"\(72, 80\)"),
    "empty mask": ({"mask": np.zeros((72, 80), dtype=bool)}, UsageError, "empty"),
    "float picture": ({"image": np.zeros((72, 80), dtype=np.float32)}, UsageError, "uint8 or uint16"),
    "odd calls": ({"steps": 3}, UsageError, "multiple of 2"),
    "unknown solver": ({"solver": "magic"}, UsageError, "euler"),
    "unknown codes": ({"codes": "luck"}, UsageError, "codes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_calls_say_what_was_expected(generator: Generator, case: str) -> None:
    change, error, words = REFUSED[case]
    call = {"image": picture((72, 80)), "mask": disc((72, 80), (30, 30), 6), "defect_type": "pit", **change}
    with pytest.raises(error, match=words):
        generator(**call)  # type: ignore[arg-type]


def test_reference_codes_without_references_are_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    parts = tiny_fit(tmp_path_factory.mktemp("fit")).parts
    parts.references.kind.fill_(0)
    source, mask = picture((72, 80)), disc((72, 80), (30, 30), 6)
    with pytest.raises(InputRefused, match="reference"):
        Generator(parts)(source, mask, "pit", codes="mix")


def test_an_overdrawn_defect_is_another_one_and_still_ends_with_its_mask(generator: Generator) -> None:
    source, mask = picture((72, 80)), disc((72, 80), (30, 30), 6)
    request = DefectRequest(source, 8, mask, "pit", 0.5, seed=3)
    drawn = {}
    for overdraw in (0, 3):
        choice = generator.choice(overdraw=overdraw)
        (found,) = draw_defects(generator.parts, [request], choice)
        assert (found.pixels[~mask] == source[~mask]).all()
        drawn[overdraw] = found.pixels
    assert (drawn[0] != drawn[3])[mask].any()
    assert generator.choice().overdraw == generator.settings.overdraw == 0


def test_a_trimmed_mask_holds_all_that_changed_and_the_rest_is_the_source(generator: Generator) -> None:
    source, mask = picture((72, 80)), disc((72, 80), (30, 30), 9)
    request = DefectRequest(source, 8, mask, "pit", 0.5, seed=3)
    # A wide blend, so that the border hardly changes.
    (whole,) = draw_defects(generator.parts, [request], generator.choice(feather=9))
    (trimmed,) = draw_defects(generator.parts, [request], generator.choice(feather=9, trim=True))
    assert (whole.mask == mask).all()
    assert 0 < trimmed.mask.sum() < mask.sum() and not (trimmed.mask & ~mask).any()
    assert (trimmed.pixels[~trimmed.mask] == source[~trimmed.mask]).all()
    assert (trimmed.pixels[trimmed.mask] == whole.pixels[trimmed.mask]).all()
    assert (generator(source, mask, "pit", generator=3).images[0] != source)[mask].any()
    assert not generator.choice().trim


def test_an_untrimmed_choice_has_the_name_that_it_always_had(generator: Generator) -> None:
    assert "trim" not in generator.choice().facts()
    assert generator.choice(trim=True).facts()["trim"] is True


def test_whole_windows_follow_their_generator(generator: Generator) -> None:
    first = generator.whole_windows(2, generator=torch.Generator().manual_seed(1))
    again = generator.whole_windows(2, generator=torch.Generator().manual_seed(1))
    other = generator.whole_windows(2, generator=torch.Generator().manual_seed(2))
    assert (first == again).all()
    assert (first != other).any()
    assert np.abs(first).max() <= 1


@pytest.mark.parametrize(
    ("radius", "low", "high"), [(2, 2.0, 2.0), (10, 2.0, 2.0), (24, 3.1, 3.6), (60, 6.0, 6.0)]
)
def test_thick_masks_have_a_wider_edge_and_thin_ones_keep_theirs(
    radius: int, low: float, high: float
) -> None:
    mask = disc((150, 150), (75, 75), radius)
    assert low <= edge_width(mask, 2.0) <= high
    assert 1.0 <= edge_width(mask, 1.0) <= edge_width(mask, 2.0)
    assert edge_width(mask, 9.0) == 9.0
