"""What starts a retraining besides the calendar: drift, fewer approvals, new data. Facts from the registry, pure rules.

A trigger fires once: what a retraining has seen, whatever it ended as, does not start the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from data_registry.records import PartRecord
from data_registry.session import Work
from data_registry.watch_records import RetrainRunRecord

FEWEST_REVIEWS = 30
LOST_APPROVALS = 0.10


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the triggers look at.

    Attributes:
        alarms: indicators of drift alarms since the last retraining began.
        champion_data, newest_data: catalogue versions: of the champion's training, and the newest one.
        tried_data: newest one that a retraining has seen already.
        approved: share of the champion's reviewed samples that were approved; None below `FEWEST_REVIEWS`.
        approved_before: the same of all other models' samples.
        approvals_tried: whether a retraining has been started for the approvals of this champion.
    """

    alarms: Sequence[str]
    champion_data: int
    newest_data: int
    tried_data: int
    approved: float | None
    approved_before: float | None
    approvals_tried: bool


def fired(triggers: Sequence[str], facts: Facts) -> str:
    """Why a retraining should start, in words; empty if no trigger fires."""
    if "drift" in triggers and facts.alarms:
        return f"drift: {', '.join(facts.alarms)} in two windows in a row"
    if "new-data" in triggers and facts.newest_data > max(facts.champion_data, facts.tried_data):
        return f"new data: catalogue version {facts.newest_data}, the champion knows {facts.champion_data}"
    now, before = facts.approved, facts.approved_before
    if "approvals" not in triggers or facts.approvals_tried or now is None or before is None:
        return ""
    lost = before - now >= LOST_APPROVALS - 1e-9
    return f"approvals: {now:.0%} of the champion's samples, {before:.0%} before" if lost else ""


def gather(rows: Work, part: PartRecord, runs: Sequence[RetrainRunRecord]) -> Facts:
    """Read the facts of one part; a part without a champion has none that could fire."""
    versions = {version.id: version for version in rows.datasets.list(part.id)}
    newest = max((v.number for v in versions.values() if v.kind == "catalogue"), default=0)
    champion = next((m for m in rows.models.list(part.id) if "champion" in m.aliases), None)
    known = newest if champion is None else versions[champion.dataset_version_id].number
    approved, before = _approvals(rows, part, None if champion is None else champion.id)
    return Facts(
        alarms=_alarms(rows, part, max((run.started_at for run in runs), default=None)),
        champion_data=known,
        newest_data=newest,
        tried_data=max((int(run.progress.get("data", 0)) for run in runs), default=0),
        approved=approved,
        approved_before=before,
        approvals_tried=any(
            run.cause.startswith("approvals") and champion and run.progress.get("champion") == champion.number
            for run in runs
        ),
    )


def _alarms(rows: Work, part: PartRecord, since: datetime | None) -> list[str]:
    found = [one for one in rows.monitoring.alarms(part.id) if since is None or one.created_at > since]
    return sorted({name for alarm in found for name in alarm.indicators})


def _approvals(rows: Work, part: PartRecord, champion_id: int | None) -> tuple[float | None, float | None]:
    """Approved shares of the champion's samples and of all others'; samples without a clear decision do not count."""
    own, others = [0, 0], [0, 0]
    for count in rows.samples.counts(part.id):
        if count.latest_review in ("ok", "ng"):
            side = own if count.model_version_id == champion_id else others
            side[0] += count.n if count.latest_review == "ok" else 0
            side[1] += count.n
    return _share(*own), _share(*others)


def _share(approved: int, of: int) -> float | None:
    return approved / of if of >= FEWEST_REVIEWS else None
