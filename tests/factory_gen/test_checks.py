"""Guards let good values through and say of bad ones what was expected and found; errors carry their exit code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from factory_gen import errors
from factory_gen.checks import check_choice, check_mask, check_pixels, check_positive

MASK = np.eye(4, dtype=bool)
GOOD: list[Callable[[], None]] = [
    lambda: check_pixels(np.zeros((4, 5), np.uint8), "picture"),
    lambda: check_pixels(np.zeros((4, 5, 3), np.uint16), "picture"),
    lambda: check_mask(MASK, (4, 4), "mask"),
    lambda: check_choice("a", ("a", "b"), "letter"),
    lambda: check_positive(0.1, "rate"),
]
BAD: dict[str, tuple[Callable[[], None], str]] = {
    "float picture": (lambda: check_pixels(np.zeros((4, 5)), "picture"), "float64"),
    "four channels": (lambda: check_pixels(np.zeros((4, 5, 4), np.uint8), "picture"), r"\(4, 5, 4\)"),
    "mask of numbers": (lambda: check_mask(MASK.astype(np.uint8), (4, 4), "mask"), "uint8"),
    "mask of another size": (lambda: check_mask(MASK, (5, 4), "mask"), r"\(5, 4\)"),
    "empty mask": (lambda: check_mask(np.zeros((4, 4), dtype=bool), (4, 4), "mask"), "empty"),
    "unknown choice": (lambda: check_choice("c", ("b", "a"), "letter"), "a, b"),
    "zero": (lambda: check_positive(0, "rate"), "above 0"),
    "nan": (lambda: check_positive(float("nan"), "rate"), "nan"),
}


@pytest.mark.parametrize("check", GOOD)
def test_good_values_pass(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize("case", BAD)
def test_bad_values_say_what_was_found(case: str) -> None:
    check, words = BAD[case]
    with pytest.raises(errors.UsageError, match=words) as caught:
        check()
    assert caught.value.exit_code == 2
    assert caught.value.action


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.FactoryGenError, 1),
        (errors.UsageError, 2),
        (errors.InputRefused, 3),
        (errors.GateNotPassed, 4),
        (errors.IntegrityError, 7),
        (errors.NoSpace, 8),
        (errors.NoDevice, 9),
    ],
)
def test_errors_carry_their_exit_code_and_all_three_parts(
    kind: type[errors.FactoryGenError], code: int
) -> None:
    error = kind(expected="a", found="b", action="Do c.")
    assert error.exit_code == code
    assert (error.expected, error.found, error.action) == ("a", "b", "Do c.")
    assert str(error) == "expected a; found b. Do c."
