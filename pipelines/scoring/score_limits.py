"""Which limits a job holds samples against: learned ones, learned ones with the user's changes, or none.

A file of changes is TOML, one table per defect type, `all` for every type; a bound that is not named stays as learned:

    [all]
    seam = { high = 2.5 }

    [crack]
    grain = { low = 0.5, high = 6.0 }
    rim = "off"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from factory_gen.checks import check_choice
from factory_gen.errors import UsageError
from factory_gen.quality.limits import Limit, ScoreLimits
from factory_gen.quality.scores import RULES
from pipelines.config_file import build, convert, read_toml, unknown_key

LEARNED, OFF, EVERY_TYPE = "learned", "off", "all"
Change = Limit | Literal["off"]


@dataclass(frozen=True)
class LimitChoice:
    """What limits to use.

    Attributes:
        used: whether samples are held against limits at all.
        changes: per type (or `all`) and score, bounds that replace the learned ones, or "off".
    """

    used: bool = True
    changes: Mapping[str, Mapping[str, Change]] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """JSON-able, for the hash of a request and for reports."""
        changes = {
            name: {score: one if isinstance(one, str) else asdict(one) for score, one in own.items()}
            for name, own in self.changes.items()
        }
        return {"used": self.used, "changes": changes}

    def applied(self, learned: ScoreLimits, types: Iterable[str]) -> ScoreLimits:
        """The learned limits with the changes; none at all where they are not used.

        Raises:
            UsageError: the changes speak of a defect type that there is not.
        """
        if not self.used:
            return ScoreLimits({})
        names = list(types)
        for name in self.changes:
            if name != EVERY_TYPE:
                check_choice(name, [EVERY_TYPE, *names], "type in the limits")
        limits = learned
        for defect_type in names:
            changes = {**self.changes.get(EVERY_TYPE, {}), **self.changes.get(defect_type, {})}
            for score, change in changes.items():
                limit = _changed(limits.of(defect_type, score), change)
                limits = limits.with_limit(defect_type, score, limit)
        return limits


def choose_limits(wanted: str) -> LimitChoice:
    """Read what `--limits` says: "learned", "off", or the path of a file of changes.

    Raises:
        InputRefused: no such file, or no TOML.
        UsageError: an unknown score, or bounds the wrong way round.
    """
    if wanted in (LEARNED, OFF):
        return LimitChoice(used=wanted == LEARNED)
    path = Path(wanted)
    tables: dict[str, dict[str, Any]] = convert(read_toml(path), dict[str, dict[str, Any]], where=path.name)
    changes = {
        name: {score: _change(score, value, f"{path.name}.{name}.{score}") for score, value in own.items()}
        for name, own in tables.items()
    }
    return LimitChoice(changes=changes)


def _change(score: str, value: Any, where: str) -> Change:
    if score not in RULES:
        raise unknown_key(where, score, RULES)
    if value == OFF:
        return "off"
    if not isinstance(value, Mapping):
        raise UsageError(
            expected=f'a table with low and high, or "off", for {where}',
            found=repr(value),
            action="Correct it and run again.",
        )
    return build(Limit, value, where=where)


def _changed(learned: Limit, change: Change) -> Limit:
    if isinstance(change, str):
        return Limit()
    low = learned.low if change.low is None else change.low
    high = learned.high if change.high is None else change.high
    # A bound of the user's beyond the learned one on the other side moves that one along.
    if low is not None and high is not None and low > high:
        low, high = (low, low) if change.low is not None else (high, high)
    return Limit(low=low, high=high)
