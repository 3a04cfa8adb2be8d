"""Masks that somebody is painting: kept stroke by stroke, so that a reload or a dropped connection loses nothing.

One small JSON file for each person and picture under home; a draft is deleted when its mask is used or thrown away.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from pipelines.settings import Settings

Strokes = list[dict[str, Any]]
LARGEST = 4_000_000  # bytes; more than a day of painting


def read_draft(settings: Settings, person: str, canvas: str) -> Strokes:
    """The strokes that were kept; none where there is no draft, or where its file is damaged."""
    try:
        found = json.loads(_file(settings, person, canvas).read_text())
    except (OSError, ValueError):
        return []
    return found if isinstance(found, list) else []


def keep_draft(settings: Settings, person: str, canvas: str, strokes: Strokes) -> bool:
    """Keep the strokes, or forget the draft where there are none; says whether they were kept."""
    path = _file(settings, person, canvas)
    if not strokes:
        path.unlink(missing_ok=True)
        return False
    text = json.dumps(strokes)
    if len(text) > LARGEST:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    os.replace(file.name, path)
    return True


def _file(settings: Settings, person: str, canvas: str) -> Path:
    # names come from outside, so they never become a path themselves
    name = hashlib.sha256(f"{person}\n{canvas}".encode()).hexdigest()[:40]
    return settings.home / "drafts" / f"{name}.json"
