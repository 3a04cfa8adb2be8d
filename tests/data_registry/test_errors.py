"""Errors out of worker processes: they arrive as what they were."""

from __future__ import annotations

import pickle

from data_registry.errors import Locked


def test_an_error_survives_the_way_out_of_a_process() -> None:
    error = Locked(expected="a", found="b", action="Do c.")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is Locked
    assert str(back) == str(error)
    assert (vars(back), back.exit_code) == (vars(error), 6)
