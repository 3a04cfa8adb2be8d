"""What can go wrong in the method, as one tree.

FactoryGenError            1   something unexpected
├── UsageError             2   the call itself is off (unknown name, value out of range)
├── InputRefused           3   a file or value from outside cannot be used
├── GateNotPassed          4   a check forbids the step
├── IntegrityError         7   stored bytes are not what they should be
├── NoSpace                8   the disk is full
└── NoDevice               9   the accelerator asked for is not there

The number is the exit code that the command line ends with.
"""

from __future__ import annotations

from collections.abc import Callable


class FactoryGenError(Exception):
    """A failure that a user can understand and act on.

    Args:
        expected: what would have been right.
        found: what was there instead.
        action: what the user can do next.
    """

    exit_code = 1

    def __init__(self, *, expected: str, found: str, action: str) -> None:
        self.expected = expected
        self.found = found
        self.action = action
        super().__init__(f"expected {expected}; found {found}. {action}")

    def __reduce__(self) -> tuple[Callable[..., Exception], tuple[object, ...]]:
        """How it travels out of a worker process: the way it was made, its three texts by name."""
        return _again, (type(self), self.__dict__)


def _again(kind: type[Exception], facts: dict[str, object]) -> Exception:
    """An error of that class with these attributes; its own constructor may ask for more than the texts."""
    made = kind.__new__(kind)
    made.__dict__.update(facts)
    made.args = (f"expected {facts['expected']}; found {facts['found']}. {facts['action']}",)
    return made


class UsageError(FactoryGenError):
    """The call is off: an unknown name or a value out of its range."""

    exit_code = 2


class InputRefused(FactoryGenError):
    """A file or a value from outside cannot be used."""

    exit_code = 3


class GateNotPassed(FactoryGenError):
    """A check forbids the step that was asked for."""

    exit_code = 4


class IntegrityError(FactoryGenError):
    """Stored bytes are not what they should be."""

    exit_code = 7


class NoSpace(FactoryGenError):
    """The disk is full."""

    exit_code = 8


class NoDevice(FactoryGenError):
    """The accelerator asked for is not there."""

    exit_code = 9
