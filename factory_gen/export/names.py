"""File and folder names for defect types: readable, safe on every file system, never colliding."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

# `good` is the formats' own folder for good parts; the others are device names on Windows.
_RESERVED = {"good", "con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)
}
_LONGEST = 60


def safe_names(types: Iterable[str]) -> dict[str, str]:
    """Map each defect type to a name that can be a folder and the head of a file name.

    A type that is safe as it is keeps its name. Where letters had to go, where the name is reserved, or where two
    types differ by case only, six digits of the type's hash are added, so that two types never share a folder.

    Returns:
        {type: name}, sorted by type.
    """
    plain = {kind: _plain(kind) for kind in sorted(set(types))}
    folded = Counter(name.casefold() for name in plain.values())
    names: dict[str, str] = {}
    for kind, name in plain.items():
        clear = name == kind and name.casefold() not in _RESERVED and folded[name.casefold()] == 1
        names[kind] = name if clear else f"{name}-{hashlib.sha256(kind.encode()).hexdigest()[:6]}"
    return names


def stem(safe_name: str, number: int) -> str:
    """File name of sample `number` (from 0) of a type: `crack`, 7 -> `crack_000007`."""
    return f"{safe_name}_{number:06d}"


def _plain(kind: str) -> str:
    """Letters and digits of any script, `_` and `-`; at most 60 letters."""
    kept = re.sub(r"[^\w\-]+", "_", unicodedata.normalize("NFC", kind)).strip("_-")
    return kept[:_LONGEST] or "type"
