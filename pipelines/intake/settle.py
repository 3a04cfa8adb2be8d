"""Compare what was found with what is stored and with itself: what is new, stored, twice there, or contradictory."""

from __future__ import annotations

from pipelines.intake.notebook import Notebook
from pipelines.intake.refusals import Refusals
from pipelines.intake.report import Refusal

_SAME_PLACE = "JOIN known ON known.path = files.path"
_SAME_BYTES = "JOIN known ON known.sha256 = files.sha256"


def settle_states(notebook: Notebook, refusals: Refusals) -> None:
    """Give every noted file its state; see `pipelines.intake.notebook`."""
    _refuse(
        notebook,
        refusals,
        f"SELECT files.id, files.path FROM files {_SAME_PLACE} WHERE known.sha256 <> files.sha256",
        reason="path-taken",
        expected="the picture that was ingested under this path",
        found="other bytes",
        action="Stored pictures never change: give the new picture a new name, or ingest it as another part.",
    )
    for source in (_SAME_BYTES, "JOIN files AS known ON known.sha256 = files.sha256 AND known.state = 'new'"):
        _refuse(
            notebook,
            refusals,
            f"SELECT files.id, files.path FROM files {source}"
            " WHERE files.state = 'new' AND known.kind <> files.kind",
            reason="two-labels",
            expected="one label for one picture",
            found="the same bytes as a good and as a defective picture",
            action="Decide which it is and delete the other copy.",
        )
    notebook.change(
        "UPDATE files SET state = 'known', known_id = known.id FROM known WHERE files.state = 'new'"
        " AND known.path = files.path AND known.type = files.type AND known.sha256 = files.sha256"
    )
    notebook.change(
        "UPDATE files SET state = 'mask' WHERE state = 'known' AND mask_png IS NOT NULL"
        " AND (SELECT has_mask FROM known WHERE known.id = files.known_id) = 0"
    )
    notebook.change(
        "UPDATE files SET state = 'duplicate' WHERE state = 'new' AND EXISTS"
        " (SELECT 1 FROM known WHERE known.sha256 = files.sha256 AND known.type = files.type)"
    )
    notebook.change(
        "UPDATE files SET state = 'duplicate' WHERE state = 'new' AND EXISTS (SELECT 1 FROM files AS first"
        " WHERE first.sha256 = files.sha256 AND first.type = files.type AND first.state = 'new'"
        " AND first.path < files.path)"
    )
    notebook.change(
        "DELETE FROM thumbs WHERE NOT EXISTS"
        " (SELECT 1 FROM files WHERE files.path = thumbs.path AND files.state NOT IN ('out', 'duplicate'))"
    )


def settle_depth(notebook: Notebook) -> tuple[int | None, int | None]:
    """Give all 16-bit pictures of the part one depth: a dark picture of a 12-bit camera is no 10-bit picture.

    Returns:
        The depth of the new pictures, and the depth that stored ones have if it differs; None where there are none.
    """
    depth = notebook.one("SELECT max(bit_depth) FROM files WHERE deep AND state = 'new'")
    if depth is None:
        return None, None
    stored = notebook.one("SELECT max(bit_depth) FROM known WHERE bit_depth > 8")
    depth = max(depth, stored or 0)
    notebook.change("UPDATE files SET bit_depth = ? WHERE deep", depth)
    return depth, stored if stored not in (None, depth) else None


def _refuse(notebook: Notebook, refusals: Refusals, query: str, **texts: str) -> None:
    """Put the files that a query gives (id, path) out, and list each path once."""
    found = list(notebook.rows(f"{query} GROUP BY files.id ORDER BY files.path"))
    for number, _ in found:
        notebook.change("UPDATE files SET state = 'out' WHERE id = ?", number)
    for path in dict.fromkeys(path for _, path in found):
        refusals.add(Refusal(path=path, **texts))
