"""Settings of the prior bench from its TOML file and the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from factory_gen.bench.settings import PriorBench
from pipelines.config_file import build, read_toml


def load_plan(path: Path | None, **changes: Any) -> PriorBench:
    """The bench's settings: defaults, then the file, then `changes` that are not None.

    Raises:
        InputRefused: no such file.
        UsageError: an unknown key or a value out of range, named with its path.
    """
    plan = build(PriorBench, read_toml(path), where=path.name) if path else PriorBench()
    return replace(plan, **{key: value for key, value in changes.items() if value is not None})
