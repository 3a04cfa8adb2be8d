"""One seed source: the same path gives the same stream, another path another one."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from factory_gen.seeds import derive, numpy_from, numpy_generator, torch_generator


@given(st.integers(-(2**63), 2**63), st.text(max_size=8), st.integers(0, 10**9))
def test_a_derived_seed_is_a_63_bit_number_that_depends_on_all_of_its_path(
    seed: int, name: str, index: int
) -> None:
    value = derive(seed, name, index)
    assert 0 <= value < 2**63
    assert value == derive(seed, name, index)
    assert value != derive(seed, name, index + 1)
    assert value != derive(seed + 1, name, index)


def test_streams_repeat_and_do_not_touch_the_global_one() -> None:
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    first = torch.rand(3, generator=torch_generator(1, "a"))
    assert torch.equal(torch.rand(1), before)
    assert torch.equal(first, torch.rand(3, generator=torch_generator(1, "a")))
    assert not torch.equal(first, torch.rand(3, generator=torch_generator(1, "b")))
    assert (numpy_generator(1, "a").random(3) == numpy_generator(1, "a").random(3)).all()


def test_a_numpy_stream_from_a_torch_one_advances_it() -> None:
    source = torch_generator(1, "a")
    assert not np.allclose(numpy_from(source).random(3), numpy_from(source).random(3))
