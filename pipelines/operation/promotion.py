"""Which model is the champion: registry and MLflow change in one step, and the one before can be had back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data_registry.records import ModelVersionRecord, PartRecord
from data_registry.session import Work
from factory_gen.errors import InputRefused
from pipelines.training.tracking_aliases import champion_model, point_champion
from pipelines.wiring import Workplace

CHAMPION, ROLLBACK = "champion", "rollback"


@dataclass(frozen=True, kw_only=True)
class PromotionReport:
    """What changed: `champion` is the model that counts now, `rollback` the one that counted before."""

    part: str
    champion: int
    rollback: int
    next_step: str


def promote(
    work: Workplace,
    part: PartRecord,
    model: ModelVersionRecord,
    *,
    actor: str,
    why: str,
    also: Callable[[Work], None] = lambda rows: None,
) -> None:
    """Make a model the champion and keep the one before as `rollback`.

    MLflow's alias is moved inside the registry's transaction: if MLflow refuses, the registry stays as it was; if the
    registry refuses after that, MLflow is put back. A kill between the two is put right by `agree`.

    Args:
        work: where things are.
        part: whose champion.
        model: the new one.
        actor, why: for the audit trail.
        also: what else is stored in the same transaction, such as the end of the retraining that led to this.

    Raises:
        TrackingBroken: the MLflow store cannot be used; nothing has changed.
        RegistryError: the registry cannot be written; nothing has changed.
    """
    with work.registry.read() as rows:
        before = rows.models.get(part.id, CHAMPION)
    try:
        with work.registry.write() as rows:
            if before.id != model.id:
                rows.models.set_alias(part.id, ROLLBACK, before.id)
                rows.models.set_alias(part.id, CHAMPION, model.id)
            rows.audit.add(
                actor=actor,
                action="promote",
                subject=f"part {part.name}",
                details={"champion": model.number, "before": before.number, "why": why},
            )
            also(rows)
            point_champion(work.settings, part.name, model.number)
    except BaseException:
        point_champion(work.settings, part.name, before.number)
        raise


def agree(work: Workplace, part: PartRecord) -> bool:
    """Let MLflow's alias follow the registry's, which alone decides; gives whether it had to be moved."""
    with work.registry.read() as rows:
        champion = rows.models.get(part.id, CHAMPION)
    if champion_model(work.settings, part.name) in (None, champion.number):
        return False
    point_champion(work.settings, part.name, champion.number)
    return True


def rollback(work: Workplace, part: str, *, actor: str) -> PromotionReport:
    """Make the champion of before the champion again; asking twice goes forward again.

    Raises:
        NotFound: no such part, or no champion yet.
        InputRefused: no model was ever promoted, so there is nothing to go back to.
    """
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        now = rows.models.get(owner.id, CHAMPION)
        kept = [model for model in rows.models.list(owner.id) if ROLLBACK in model.aliases]
    if not kept:
        raise InputRefused(
            expected="a champion before this one",
            found=f"model {now.number} as the only champion that {part} ever had",
            action="Nothing to do. Look with `factory-gen status`.",
        )
    promote(work, owner, kept[0], actor=actor, why="rollback")
    return PromotionReport(
        part=part,
        champion=kept[0].number,
        rollback=now.number,
        next_step=f"`factory-gen generate --part {part}` draws with model {kept[0].number} now.",
    )
