"""From the notebook to the report: counts, warnings, and what can be done with the part now."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from data_registry.layouts.found import Leftover
from pipelines.intake.notebook import Notebook
from pipelines.intake.report import DefectCount

_EXAMPLES = 20
_LISTED = 100
_USABLE = "state IN ('new', 'known', 'mask')"
_WITH_SIDE = (
    "FROM files LEFT JOIN known ON known.id = files.known_id"
    " JOIN groups ON groups.group_key = coalesce(known.group_key, files.group_key)"
    f" WHERE files.{_USABLE}"
)


@dataclass(slots=True)
class LeftOver:
    """Files that play no part, counted, with some names."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    masks_count: int = 0

    def add(self, leftover: Leftover) -> None:
        """Count one more."""
        if leftover.reason == "mask-without-image":
            self.masks_count += 1
            if len(self.masks) < _LISTED:
                self.masks.append(leftover.relative_path)
            return
        if leftover.reason == "groups-file":
            return
        self.counts[leftover.reason] = self.counts.get(leftover.reason, 0) + 1
        if leftover.reason != "system-file" and len(self.examples) < _EXAMPLES:
            self.examples.append(leftover.relative_path)


def defect_counts(notebook: Notebook) -> tuple[DefectCount, ...]:
    """Pictures, masks and groups of each defect type in the folder."""
    masked = "files.mask_png IS NOT NULL OR coalesce(known.has_mask, 0)"
    groups = "count(DISTINCT CASE WHEN groups.split = '{}' THEN groups.group_key END)"
    query = (
        f"SELECT files.type, count(*), sum({masked}), {groups.format('generator')}, {groups.format('holdout')}"
        f" {_WITH_SIDE} AND files.kind = 'defect' GROUP BY files.type ORDER BY natural_key(files.type)"
    )
    return tuple(
        DefectCount(
            defect_type=name,
            pictures=pictures,
            with_mask=masks,
            groups_generator=generator,
            groups_holdout=holdout,
        )
        for name, pictures, masks, generator, holdout in notebook.rows(query)
    )


def good_count(notebook: Notebook) -> int:
    """Good pictures in the folder."""
    return int(notebook.one(f"SELECT count(*) FROM files WHERE kind = 'good' AND {_USABLE}"))


def mask_wanted(notebook: Notebook) -> tuple[int, tuple[str, ...]]:
    """How many defective pictures lack a mask, and the first hundred of them."""
    query = (
        "FROM files LEFT JOIN known ON known.id = files.known_id WHERE files.kind = 'defect'"
        f" AND files.{_USABLE} AND files.mask_png IS NULL AND NOT coalesce(known.has_mask, 0)"
    )
    paths = notebook.rows(f"SELECT files.path {query} ORDER BY natural_key(files.path) LIMIT {_LISTED}")
    return int(notebook.one(f"SELECT count(*) {query}")), tuple(path for (path,) in paths)


def split_counts(notebook: Notebook) -> dict[str, int]:
    """Pictures by side and kind, such as "generator good" or "holdout crack"."""
    query = (
        "SELECT groups.split || ' ' || CASE files.kind WHEN 'good' THEN 'good' ELSE files.type END AS name,"
        f" count(*) {_WITH_SIDE} GROUP BY 1 ORDER BY groups.split, files.kind DESC, files.type"
    )
    return dict(notebook.rows(query))


def size_counts(notebook: Notebook) -> tuple[dict[str, int], int]:
    """The ten most frequent sizes as "W x H", and how many there are."""
    query = (
        f"SELECT width || ' x ' || height, count(DISTINCT path) AS n FROM files WHERE {_USABLE}"
        " GROUP BY width, height"
    )
    top = dict(notebook.rows(f"{query} ORDER BY n DESC, width, height LIMIT 10"))
    return top, int(notebook.one(f"SELECT count(*) FROM ({query})"))


def mode_counts(notebook: Notebook) -> dict[str, int]:
    """Pictures by colour mode and depth."""
    return dict(
        notebook.rows(
            "SELECT mode || ' ' || bit_depth || ' bit', count(DISTINCT path) AS n FROM files"
            f" WHERE {_USABLE} GROUP BY 1 ORDER BY n DESC, 1"
        )
    )


def conversion_counts(notebook: Notebook) -> dict[str, int]:
    """How often the reader changed what."""
    counts: dict[str, int] = {}
    query = f"SELECT conversions, count(DISTINCT path) FROM files WHERE {_USABLE} AND conversions <> '[]' GROUP BY 1"
    for notes, number in notebook.rows(query):
        for note in json.loads(notes):
            counts[note] = counts.get(note, 0) + number
    return dict(sorted(counts.items()))


def duplicates(notebook: Notebook) -> tuple[int, tuple[str, ...]]:
    """How many files repeat another one's bytes, and some of them."""
    query = "FROM files WHERE state = 'duplicate'"
    paths = notebook.rows(f"SELECT path {query} ORDER BY natural_key(path) LIMIT {_EXAMPLES}")
    return int(notebook.one(f"SELECT count(*) {query}")), tuple(path for (path,) in paths)


def content_warnings(notebook: Notebook) -> list[str]:
    """What is odd about the pictures themselves."""
    warnings = []
    modes = mode_counts(notebook)
    if len(modes) > 1:
        listed = ", ".join(f"{number} {name}" for name, number in modes.items())
        warnings.append(f"mixed modes: {listed}; training will use one of them for all")
    odd = "SELECT warning, count(*), min(path) FROM files WHERE warning IS NOT NULL"
    for text, number, path in notebook.rows(f"{odd} AND {_USABLE} GROUP BY 1 ORDER BY 1"):
        warnings.append(f"{number} pictures with {text}, for example {path}")
    return warnings


def defect_warnings(defects: tuple[DefectCount, ...]) -> list[str]:
    """What is thin about the defects: none, one, or nothing to test with."""
    if not defects:
        return ["no defective pictures: defects can be neither learned nor made"]
    warnings = []
    for one in defects:
        if one.pictures == 1:
            warnings.append(f"one picture of {one.defect_type}: only close variants of it can be made")
        if not one.groups_generator:
            warnings.append(f"all groups of {one.defect_type} are held out from before: it cannot be learned")
        if not one.groups_holdout:
            warnings.append(
                f"all groups of {one.defect_type} went to the generator: nothing is left to test with"
            )
    return warnings


def what_is_possible(good: int, defects: tuple[DefectCount, ...]) -> tuple[str, ...]:
    """What can be done with this part now, and what is missing for more."""
    lines = []
    if good:
        lines.append("whole-window generation of good parts")
    usable = [one.defect_type for one in defects if one.with_mask]
    if usable and good:
        lines.append(f"defects with exact masks on good parts: {', '.join(usable)}")
    elif usable:
        lines.append("missing for defects on good parts: good pictures")
    wanted = [one.defect_type for one in defects if not one.with_mask]
    if wanted:
        lines.append(f"missing for {', '.join(wanted)}: a mask for at least one picture")
    if not defects:
        lines.append("missing for defects: defective pictures, each with a mask, in ng/ or test/<type>/")
    return tuple(lines)
