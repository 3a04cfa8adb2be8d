"""Where the user says which pictures belong together: a CSV file, or a pattern in the file names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from factory_gen.errors import InputRefused
from pipelines.intake.notebook import Notebook
from pipelines.intake.options import IngestOptions

GROUPS_FILE = "groups.csv"
_IMAGE_COLUMNS = ("image", "file", "path", "filename", "relative_path")
_GROUP_COLUMNS = ("group", "capture_group", "lot", "part")


def groups_file(root: Path, base: str, options: IngestOptions) -> Path | None:
    """The CSV to use: the user's, else `groups.csv` in the folder, else none."""
    if options.groups_file is not None:
        return options.groups_file
    places = (root / GROUPS_FILE, root / base / GROUPS_FILE)
    return next((place for place in places if place.is_file() and not place.is_symlink()), None)


def apply_file(notebook: Notebook, path: Path, base: str, column: str | None) -> int:
    """Put every listed picture into its group.

    A row names a picture by its path below the ingested folder, or by its bare file name.

    Returns:
        How many rows name no picture that was found.

    Raises:
        InputRefused: the file cannot be read, lacks a column, or puts a picture into two groups.
    """
    for image, group in _listed(path, column):
        notebook.change("INSERT OR IGNORE INTO listed VALUES (?, ?)", image, group)
        stored = notebook.one("SELECT group_key FROM listed WHERE path = ?", image)
        if stored != group:
            raise _refused(path, "one group for each picture", f"{image!r} in {stored!r} and {group!r}")
    prefix = f"{base}/" if base else ""
    notebook.change(
        "UPDATE files SET group_key = (SELECT group_key FROM listed WHERE listed.path = files.path)"
    )
    for key in ("substr(files.path, length(?1) + 1)", "file_name(files.path)"):
        notebook.change(
            f"UPDATE files SET group_key = (SELECT group_key FROM listed WHERE listed.path = {key})"
            " WHERE group_key IS NULL AND substr(files.path, 1, length(?1)) = ?1",
            prefix,
        )
    used = notebook.one("SELECT count(DISTINCT path) FROM files WHERE group_key IS NOT NULL")
    return max(notebook.one("SELECT count(*) FROM listed") - used, 0)


def apply_pattern(notebook: Notebook, text: str) -> None:
    """Put every picture whose file name the pattern fits into the group that it captures.

    Raises:
        InputRefused: it fits none. Each picture would be a group of its own then, and one physical part might stand on
            both sides of the hold-out.
    """
    pattern = re.compile(text)
    names = pattern.groupindex

    def captured(path: str) -> str | None:
        fit = pattern.search(PurePosixPath(path).name)
        return None if fit is None else fit.group("group" if "group" in names else 1) or None

    notebook.database.create_function("captured", 1, captured, deterministic=True)
    notebook.change("UPDATE files SET group_key = captured(path)")
    example = notebook.one("SELECT min(path) FROM files")
    if example is not None and not notebook.one("SELECT count(*) FROM files WHERE group_key IS NOT NULL"):
        raise InputRefused(
            expected=f"a group pattern that fits file names: {text!r}",
            found=f"no name that it fits, {PurePosixPath(example).name!r} for example",
            action="Write it for the file name without its folders; its first bracket is the group.",
        )


def _listed(path: Path, column: str | None) -> Iterator[tuple[str, str]]:
    """(picture, group) of every row."""
    with path.open(encoding=_encoding(path), newline="") as file:
        yield from _rows(path, csv.DictReader(file), column)


def _rows(path: Path, reader: csv.DictReader[str], column: str | None) -> Iterator[tuple[str, str]]:
    headings = {str(name).strip().lower(): name for name in reader.fieldnames or () if name}
    image = next((headings[name] for name in _IMAGE_COLUMNS if name in headings), None)
    wanted = (column.strip().lower(),) if column else _GROUP_COLUMNS
    group = next((headings[name] for name in wanted if name in headings), None)
    if image is None or group is None:
        raise _refused(
            path,
            f"a column {_IMAGE_COLUMNS[0]!r} and a column {' or '.join(map(repr, wanted))}",
            f"the columns {', '.join(headings) or 'none'}",
        )
    try:
        for row in reader:
            name, key = (row.get(image) or "").strip(), (row.get(group) or "").strip()
            if name and key:
                yield "/".join(p for p in PurePosixPath(name.replace("\\", "/")).parts if p != "."), key
    except csv.Error as fault:
        raise _refused(path, "rows of CSV", f"line {reader.line_num}: {fault}") from fault


def _encoding(path: Path) -> str:
    """The first encoding in which the whole file is text."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            with path.open(encoding=encoding) as file:
                while file.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        except OSError as fault:
            raise _refused(path, "a readable file", fault.strerror or type(fault).__name__) from fault
        return encoding
    raise _refused(path, "text in UTF-8 or cp932", "another encoding")


def _refused(path: Path, expected: str, found: str) -> InputRefused:
    return InputRefused(
        expected=f"{expected} in {path.name}",
        found=found,
        action="Correct the file; the first lines should read like `image,group` and `test/crack/7.png,61`.",
    )
