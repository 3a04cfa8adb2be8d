"""Errors out of worker processes: they arrive as what they were."""

from __future__ import annotations

import pickle

import pytest

from factory_gen.errors import FactoryGenError, InputRefused
from factory_gen.images.refused import ImageRefused

TEXTS = {"expected": "a", "found": "b", "action": "Do c."}


@pytest.mark.parametrize("error", [InputRefused(**TEXTS), ImageRefused("too-big", "x.png", **TEXTS)])
def test_an_error_survives_the_way_out_of_a_process(error: FactoryGenError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)
    assert back.exit_code == error.exit_code
