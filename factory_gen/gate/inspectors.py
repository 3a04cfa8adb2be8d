"""The table of inspectors: a name and how to make one. Libraries are loaded when one is made."""

from __future__ import annotations

from collections.abc import Callable

from factory_gen.checks import check_choice
from factory_gen.errors import UsageError
from factory_gen.gate.inspector import Inspector


def _segmentation() -> Inspector:
    from factory_gen.gate.segmentation import Segmentation

    return Segmentation()


def _classification() -> Inspector:
    from factory_gen.gate.classification import Classification

    return Classification()


def _anomaly() -> Inspector:
    from factory_gen.gate.anomaly import Anomaly

    return Anomaly()


def _linear() -> Inspector:
    from factory_gen.gate.linear import Linear

    return Linear()


INSPECTORS: dict[str, Callable[[], Inspector]] = {
    "segmentation": _segmentation,
    "classification": _classification,
    "anomaly": _anomaly,
    "linear": _linear,
}
COMMAND = "command"


def make_inspector(name: str, command: str | None = None) -> Inspector:
    """An inspector of that kind.

    Args:
        name: a name in `INSPECTORS`, or "command".
        command: the program, for "command".

    Raises:
        UsageError: an unknown name, or a command too many or too few.
        InputRefused: the libraries of an inspector that installs apart are missing.
    """
    check_choice(name, [*INSPECTORS, COMMAND], "inspector")
    if (name == COMMAND) != (command is not None):
        raise UsageError(
            expected="--inspector command together with --command PROGRAM",
            found=f"--inspector {name}" + ("" if command is None else f" --command {command!r}"),
            action="Give both or neither.",
        )
    if command is not None:
        from factory_gen.gate.command import Command

        return Command(command)
    return INSPECTORS[name]()
