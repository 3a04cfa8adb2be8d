"""What can go wrong in the registry, as one tree.

RegistryError          1   something unexpected
├── BadRecord          3   a row that contradicts itself, or a value outside its set
├── NotFound           3   no row by that name or number
├── AlreadyExists      3   another row holds that name
├── SplitLeak          3   a group would stand on both sides of the hold-out
├── Unreachable        3   the address is wrong or no server answers
├── NotWritable        5   the folder or the database may not be written
├── Locked             6   somebody else holds the database
├── SchemaMismatch     7   the tables are newer than this program, or not ours
├── NotADatabase       7   the file is something else
├── Integrity          7   stored bytes or rows are not what they should be
└── NoSpace            8   the disk is full

The number is the exit code that the command line ends with.
"""

from __future__ import annotations

from collections.abc import Callable


class RegistryError(Exception):
    """A failure of the registry that a user can understand and act on.

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


class BadRecord(RegistryError):
    """A row contradicts itself or holds a value outside its set."""

    exit_code = 3


class NotFound(RegistryError):
    """No row has that name or number."""

    exit_code = 3


class AlreadyExists(RegistryError):
    """Another row holds that name already."""

    exit_code = 3


class SplitLeak(RegistryError):
    """A group, or the same picture, would stand on both sides of the hold-out."""

    exit_code = 3


class Unreachable(RegistryError):
    """The registry's address is wrong, or nothing answers there."""

    exit_code = 3


class NotWritable(RegistryError):
    """The folder, the file or the database may not be written."""

    exit_code = 5


class Locked(RegistryError):
    """Another process holds the database for writing."""

    exit_code = 6


class SchemaMismatch(RegistryError):
    """The tables are newer than this program, or belong to another program."""

    exit_code = 7


class NotADatabase(RegistryError):
    """The file at the registry's address is not an SQLite database."""

    exit_code = 7


class Integrity(RegistryError):
    """Stored bytes or rows are not what they should be."""

    exit_code = 7


class NoSpace(RegistryError):
    """The disk is full; nothing was stored."""

    exit_code = 8
