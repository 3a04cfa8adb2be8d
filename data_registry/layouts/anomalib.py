"""anomalib's Folder: `normal`, `abnormal`, `mask`, `normal_test`; or a good folder beside one folder per type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from data_registry.layouts.found import Finding
from data_registry.layouts.ok_ng import NG_NAMES
from data_registry.layouts.sorted_folders import MASK_FOLDERS, Roles, scan_roles
from data_registry.layouts.walk import files_in, subfolders

NORMAL_NAMES = frozenset({"normal", "normal_dir"})
NORMAL_TEST_NAMES = frozenset({"normal_test", "normal_test_dir", "test_normal"})
ABNORMAL_NAMES = frozenset({"abnormal", "abnormal_dir", "anomalous", "anomaly", "anomalies"})
_GOOD_NAMES = frozenset({"good", "ok"})
# folders that often lie beside the pictures and are no defect type
_NO_TYPES = frozenset({"reference", "references", "template", "templates", "thumbnails", "docs", "results"})


def matches(root: Path) -> bool:
    """Say whether the folder looks like the input of anomalib's Folder data module."""
    roles = _roles(root)
    return bool(roles.defects) or any(name.lower() in NORMAL_NAMES for name in roles.good)


def scan(root: Path) -> Iterator[Finding]:
    """Yield what the folders hold, one file at a time."""
    return scan_roles(root, _roles(root))


def _roles(root: Path) -> Roles:
    folders = subfolders(root)
    tests = [name for name in folders if name.lower() in NORMAL_TEST_NAMES]
    normal = [name for name in folders if name.lower() in NORMAL_NAMES | _GOOD_NAMES]
    masks = tuple(name for name in folders if name.lower() in MASK_FOLDERS)
    good: dict[str, str | None] = dict.fromkeys(normal, "train" if tests else None)
    good.update(dict.fromkeys(tests, "test"))
    defects: dict[str, str | None] = {name: None for name in folders if name.lower() in ABNORMAL_NAMES}
    if not defects and good and not any(name.lower() in NG_NAMES for name in folders):
        taken = {*good, *masks}
        others = [name for name in folders if name not in taken and name.lower() not in _NO_TYPES]
        defects = {name: name for name in others if _holds_pictures(root, name)}
    return Roles(good=good, defects=defects, masks=masks)


def _holds_pictures(root: Path, folder: str) -> bool:
    return any(isinstance(finding, str) for finding in files_in(root, folder))
