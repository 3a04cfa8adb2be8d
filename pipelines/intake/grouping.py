"""Put every new picture into a group, and every group on one side of the hold-out. Groups never leak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from factory_gen.errors import IntegrityError
from pipelines.intake.group_names import apply_file, apply_pattern, groups_file
from pipelines.intake.look_alikes import alike_pairs, group_alike
from pipelines.intake.notebook import Notebook
from pipelines.intake.options import IngestOptions
from pipelines.intake.refusals import Refusals
from pipelines.intake.report import Grouping, Refusal
from pipelines.intake.splitting import GENERATOR, HOLDOUT, DefectGroup, overrule, quota, split_defects

_BLOCK = 512
_GUESSED = "groups were guessed from look-alikes, which miss pairs; a groups.csv or a group pattern is safer"
_UNKNOWN = (
    "no groups are known: pictures of one physical part may stand on both sides of the hold-out;"
    " give a groups.csv or a group pattern"
)


@dataclass(frozen=True, slots=True)
class Dealt:
    """Groups and sides of one ingest: how the groups were made, and what a person should know about it."""

    grouping: Grouping
    warnings: tuple[str, ...]


def deal_out(notebook: Notebook, root: Path, base: str, options: IngestOptions, refusals: Refusals) -> Dealt:
    """Fill in `files.group_key` and the table `groups` with one side each.

    Raises:
        InputRefused: the groups file cannot be used, or the pattern fits no name.
        IntegrityError: a group or a picture would stand on both sides.
    """
    method, warnings = _make_groups(notebook, root, base, options)
    without = 0
    if method in ("groups file", "pattern"):
        without = notebook.one("SELECT count(*) FROM files WHERE group_key IS NULL AND state = 'new'")
    if without:
        warnings.append(f"{without} pictures are in no group of the {method}; each became a group of its own")
    notebook.change("UPDATE files SET group_key = path WHERE group_key IS NULL")
    _keep_stored_groups(notebook, refusals)
    _join_same_bytes(notebook, refusals)
    _make_sides(notebook, options)
    check_no_leak(notebook)
    if method != "look-alikes":
        warnings.extend(_alike_across(notebook))
    groups, largest = next(
        notebook.rows(
            "SELECT count(*), max(n) FROM (SELECT count(DISTINCT path) AS n FROM members GROUP BY group_key)"
        )
    )
    inferred = method == "look-alikes"
    grouping = Grouping(
        method=method, inferred=inferred, groups=groups, largest=largest or 0, without=without
    )
    return Dealt(grouping, tuple(warnings))


def check_no_leak(notebook: Notebook) -> None:
    """Prove that no group and no picture stands on both sides.

    Raises:
        IntegrityError: one does; it is named.
    """
    sides = (
        "SELECT group_key, sha256, split FROM known UNION SELECT files.group_key, files.sha256, groups.split"
        " FROM files JOIN groups ON groups.group_key = files.group_key WHERE files.state = 'new'"
    )
    for column in ("group_key", "sha256"):
        leak = notebook.one(
            f"SELECT {column} FROM ({sides}) GROUP BY {column} HAVING count(DISTINCT split) > 1"
        )
        if leak is not None:
            raise IntegrityError(
                expected="every group on one side of the hold-out",
                found=f"{leak!r} on both",
                action="Nothing was written. Correct the groups file, or ingest as another part.",
            )


def _make_groups(notebook: Notebook, root: Path, base: str, options: IngestOptions) -> tuple[str, list[str]]:
    """Fill in the groups that the user names, or that the looks suggest. Returns the method and warnings."""
    if options.group_pattern is not None:
        apply_pattern(notebook, options.group_pattern)
        return "pattern", []
    path = groups_file(root, base, options)
    if path is not None:
        missing = apply_file(notebook, path, base, options.group_column)
        text = f"{missing} rows of {path.name} name no picture that was found"
        return "groups file", [text] if missing else []
    if options.look_alikes and _group_by_looks(notebook):
        return "look-alikes", [_GUESSED]
    return "one per file", [_UNKNOWN]


def _group_by_looks(notebook: Notebook) -> bool:
    """Name each group of look-alikes after its first picture; False when no threshold tells pictures apart."""
    notebook.change(
        "CREATE TEMP TABLE ranked AS SELECT row_number() OVER (ORDER BY sort_key) - 1 AS place, path FROM thumbs"
    )
    notebook.change("CREATE UNIQUE INDEX temp.ranked_place ON ranked (place)")
    alike = group_alike(lambda: _thumbnails(notebook), notebook.one("SELECT count(*) FROM ranked"))
    if alike.threshold is None:
        return False
    joined = np.flatnonzero(alike.label != np.arange(len(alike.label)))
    for place in joined:
        notebook.change(
            "UPDATE files SET group_key = (SELECT path FROM ranked WHERE place = ?)"
            " WHERE path = (SELECT path FROM ranked WHERE place = ?)",
            int(alike.label[place]),
            int(place),
        )
    return True


def _thumbnails(notebook: Notebook) -> Iterator[np.ndarray]:
    """(n, pixels) uint8 blocks in natural order of the paths."""
    cursor = notebook.database.execute("SELECT pixels FROM thumbs ORDER BY sort_key")
    while rows := cursor.fetchmany(_BLOCK):
        yield np.frombuffer(b"".join(pixels for (pixels,) in rows), dtype=np.uint8).reshape(len(rows), -1)


def _keep_stored_groups(notebook: Notebook, refusals: Refusals) -> None:
    """A guessed group that holds stored pictures is theirs; one that holds both sides' takes in nothing new."""
    notebook.change(
        "CREATE TEMP TABLE stored AS SELECT files.group_key AS wanted, min(known.group_key) AS given,"
        " count(DISTINCT known.split) AS sides FROM files JOIN known ON known.id = files.known_id GROUP BY 1"
    )
    both = notebook.rows(
        "SELECT id, path FROM files WHERE state = 'new' AND group_key IN"
        " (SELECT wanted FROM stored WHERE sides > 1) ORDER BY path"
    )
    _refuse_across(notebook, refusals, list(both))
    notebook.change(
        "UPDATE files SET group_key = stored.given FROM stored WHERE files.group_key = stored.wanted"
        " AND files.state = 'new'"
    )
    notebook.change(
        "UPDATE files SET group_key = known.group_key FROM known"
        " WHERE files.state = 'new' AND known.path = files.path"
    )


def _join_same_bytes(notebook: Notebook, refusals: Refusals) -> None:
    """The same picture under two names is one physical part: its groups become one."""
    twice = "SELECT sha256 FROM members GROUP BY sha256 HAVING count(DISTINCT group_key) > 1 ORDER BY sha256"
    for (sha256,) in list(notebook.rows(twice)):
        keys = [
            key
            for (key,) in notebook.rows(
                "SELECT DISTINCT group_key FROM members WHERE sha256 = ? ORDER BY settled DESC, natural_key(group_key)",
                sha256,
            )
        ]
        stored = [key for key in keys if notebook.one("SELECT 1 FROM known WHERE group_key = ? LIMIT 1", key)]
        if len(stored) > 1:
            new = notebook.rows("SELECT id, path FROM files WHERE state = 'new' AND sha256 = ?", sha256)
            _refuse_across(notebook, refusals, list(new))
            continue
        kept = (stored or keys)[0]
        for key in keys:
            notebook.change("UPDATE files SET group_key = ? WHERE group_key = ? AND state = 'new'", kept, key)


def _refuse_across(notebook: Notebook, refusals: Refusals, found: list[tuple[int, str]]) -> None:
    for number, path in found:
        notebook.change("UPDATE files SET state = 'out' WHERE id = ?", number)
        refusals.add(
            Refusal(
                path=path,
                reason="across-splits",
                expected="a picture that belongs to one side of the hold-out",
                found="one that equals or looks like stored pictures on both",
                action="Leave it out, or state its group in groups.csv.",
            )
        )


def _make_sides(notebook: Notebook, options: IngestOptions) -> None:
    notebook.change("CREATE INDEX known_group ON known (group_key)")
    notebook.change("CREATE INDEX files_group ON files (group_key)")
    notebook.change(
        "INSERT INTO groups SELECT group_key, natural_key(group_key), '', coalesce(sum(hint = 'train'), 0),"
        " coalesce(sum(hint = 'test'), 0), NULL, max(settled), NULL FROM members GROUP BY group_key"
    )
    notebook.change(
        "UPDATE groups SET recorded ="
        " (SELECT split FROM known WHERE known.group_key = groups.group_key LIMIT 1)"
    )
    _side_defects(notebook, options.generator_share)
    _side_good(notebook, options.good_share)
    notebook.change("UPDATE groups SET split = recorded WHERE recorded IS NOT NULL")


def _side_defects(notebook: Notebook, share: float) -> None:
    types: dict[str, set[str]] = {}
    for key, name in notebook.rows("SELECT DISTINCT group_key, type FROM members WHERE kind = 'defect'"):
        types.setdefault(key, set()).add(name)
    groups, recorded = [], {}
    for key, settled, side in notebook.rows(
        "SELECT group_key, settled, recorded FROM groups ORDER BY sort_key"
    ):
        if key in types:
            groups.append(DefectGroup(key, frozenset(types[key]), bool(settled), side))
            if side is not None:
                recorded[key] = side
    dealt = overrule(split_defects(groups, share), recorded)
    notebook.database.executemany(
        "UPDATE groups SET split = ? WHERE group_key = ?", ((side, key) for key, side in dealt.items())
    )


def _side_good(notebook: Notebook, share: float) -> None:
    """Groups without defects: as stored, else as the layout's folders say, else the first share of them."""
    notebook.change("UPDATE groups SET split = recorded WHERE split IS NULL AND settled")
    notebook.change("UPDATE groups SET split = ? WHERE split IS NULL AND trains > 0", GENERATOR)
    notebook.change("UPDATE groups SET split = ? WHERE split IS NULL AND tests > 0", HOLDOUT)
    still_open = notebook.one("SELECT count(*) FROM groups WHERE split IS NULL")
    if not still_open:
        return
    settled, generator = next(
        notebook.rows(
            "SELECT count(*), coalesce(sum(split = ?), 0) FROM groups WHERE settled AND group_key NOT IN"
            " (SELECT group_key FROM members WHERE kind = 'defect')",
            GENERATOR,
        )
    )
    wanted = max(quota(settled + still_open, share) - generator, 0)
    notebook.change(
        "UPDATE groups SET split = CASE WHEN group_key IN (SELECT group_key FROM groups WHERE split IS NULL"
        " ORDER BY sort_key LIMIT ?) THEN ? ELSE ? END WHERE split IS NULL",
        wanted,
        GENERATOR,
        HOLDOUT,
    )


def _alike_across(notebook: Notebook) -> list[str]:
    """Look-alikes on different sides although the groups are the user's: worth a look, not a refusal."""
    count = notebook.one("SELECT count(*) FROM thumbs")
    sides = np.array(
        [
            side == GENERATOR
            for (side,) in notebook.rows(
                "SELECT max(groups.split) FROM thumbs JOIN files ON files.path = thumbs.path"
                " LEFT JOIN known ON known.id = files.known_id"
                " LEFT JOIN groups ON groups.group_key = coalesce(known.group_key, files.group_key)"
                " GROUP BY thumbs.path ORDER BY thumbs.sort_key"
            )
        ]
    )
    pairs, example = 0, (0, 0)
    for left, right in alike_pairs(lambda: _thumbnails(notebook), count):
        across = sides[left] != sides[right]
        if across.any() and not pairs:
            example = (int(left[across][0]), int(right[across][0]))
        pairs += int(across.sum())
    if not pairs:
        return []
    first, second = (
        notebook.one("SELECT path FROM thumbs ORDER BY sort_key LIMIT 1 OFFSET ?", number)
        for number in example
    )
    example_text = f"for example {first} and {second}; check their groups"
    return [f"{pairs} pairs of pictures on different sides of the hold-out look alike, {example_text}"]
