"""Plain folders, as they come off a line: `ok/` and `ng/`, with or without masks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from data_registry.layouts.found import Finding
from data_registry.layouts.sorted_folders import MASK_FOLDERS, Roles, scan_roles
from data_registry.layouts.walk import subfolders

OK_NAMES = frozenset({"ok", "good", "pass", "passed", "io", "良品"})
NG_NAMES = frozenset(
    {"ng", "nok", "nio", "bad", "fail", "failed", "defect", "defects", "defective", "不良", "不良品"}
)


def matches(root: Path) -> bool:
    """Say whether the folder holds an `ok` or an `ng` folder under one of their usual names."""
    roles = _roles(root)
    return bool(roles.good or roles.defects)


def scan(root: Path) -> Iterator[Finding]:
    """Yield what the folders hold, one file at a time."""
    return scan_roles(root, _roles(root))


def _roles(root: Path) -> Roles:
    folders = subfolders(root)
    return Roles(
        good={name: None for name in folders if name.lower() in OK_NAMES},
        defects={name: None for name in folders if name.lower() in NG_NAMES},
        masks=tuple(name for name in folders if name.lower() in MASK_FOLDERS),
    )
