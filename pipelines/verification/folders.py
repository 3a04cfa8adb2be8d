"""Part of `verify`: the files outside the blob store, each against the manifest that lists it.

A model folder holds `manifest.json` (file -> SHA-256), whose own hash the registry keeps. An
exported folder holds `manifest.jsonl` (a line per picture), likewise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from data_registry.records import ExportRecord, ModelVersionRecord, PartRecord, Problem

MODEL_MANIFEST = "manifest.json"
EXPORT_MANIFEST = "manifest.jsonl"


def hash_file(path: Path) -> str | None:
    """Return the SHA-256 of a file, None when it is missing or cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def model_problems(part: PartRecord, model: ModelVersionRecord, models_dir: Path) -> Iterator[Problem]:
    """Yield what is wrong with the files of one model that is ready."""
    key = f"{part.name}/model {model.number}"
    folder = _below(models_dir, model.folder)
    if folder is None:
        yield _model(key, "outside", f"its folder {model.folder!r} lies outside the models folder")
        return
    found = hash_file(folder / MODEL_MANIFEST)
    if found is None:
        yield _model(key, "missing", f"{model.folder}/{MODEL_MANIFEST} is missing")
        return
    if found != model.weights_sha256:
        yield _model(key, "changed", f"{model.folder}/{MODEL_MANIFEST} is not the one that was registered")
        return
    for name, wanted in json.loads((folder / MODEL_MANIFEST).read_bytes()).items():
        path = _below(folder, name)
        found = None if path is None else hash_file(path)
        if found is None:
            yield _model(key, "missing", f"{model.folder}/{name} is missing")
        elif found != wanted:
            yield _model(key, "changed", f"{model.folder}/{name} has changed since it was written")


def export_warnings(part: PartRecord, export: ExportRecord) -> Iterator[Problem]:
    """Yield what differs in an exported folder that is still where it was written.

    The folder belongs to its user, so a difference is worth knowing but no fault of the registry.
    """
    key = f"{part.name}/export {export.id}"
    root = Path(export.out_dir)
    manifest = root / EXPORT_MANIFEST
    found = hash_file(manifest)
    if found != export.manifest_sha256:
        state = "is missing" if found is None else f"hashes to {found[:12]}..., not to the registered value"
        yield _export(key, f"{manifest} {state}")
        return
    for line in manifest.read_text(encoding="utf-8").splitlines():
        fields = json.loads(line)
        for name in ("image", "mask"):
            if not fields.get(name) or f"{name}_sha256" not in fields:
                continue
            path = _below(root, fields[name])
            if path is None or hash_file(path) != fields[f"{name}_sha256"]:
                yield _export(key, f"{root / fields[name]} was changed or removed")


def _below(root: Path, name: str) -> Path | None:
    """Return the file `name` below `root`, None if the name leads elsewhere."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts:
        return None
    return root / pure


def _model(key: str, kind: str, detail: str) -> Problem:
    return Problem(
        kind=kind,
        table="model_versions",
        key=key,
        detail=detail,
        action="Do not use this model: restore its folder from a backup, or train again.",
    )


def _export(key: str, detail: str) -> Problem:
    return Problem(
        kind="edited",
        table="exports",
        key=key,
        detail=detail,
        action="Export again if the folder should be as it was.",
    )
