"""Trained model versions and the names that point at them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_registry.errors import NotFound
from data_registry.parts import hold_part
from data_registry.records import MODEL_STATUSES, ModelVersionRecord, require, require_sha256
from data_registry.schema import ModelAlias, ModelVersion

CHAMPION = "champion"


class Models:
    """Reads and writes the rows of `model_versions` and `model_aliases` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        part_id: int,
        *,
        folder: str,
        weights_sha256: str,
        recipe_name: str,
        recipe_sha256: str,
        recipe: Mapping[str, Any],
        dataset_version_id: int,
        seed: int,
        status: str,
        metrics: Mapping[str, float],
        mlflow_run_id: str | None = None,
        parent_id: int | None = None,
    ) -> ModelVersionRecord:
        """Store a model version under the part's next number.

        Args:
            part_id: the part.
            folder: where its files are, relative to the models folder.
            weights_sha256: hash over its weights.
            recipe_name, recipe_sha256, recipe: what it was trained by; the recipe is JSON-able.
            dataset_version_id: what it was trained on.
            seed: the training's seed.
            status: "ready" or "failed".
            metrics: figures by name.
            mlflow_run_id: the run that logged it.
            parent_id: the model that it was fine-tuned from.

        Raises:
            NotFound: no such part, data set version or parent in this part.
            BadRecord: a value is outside its set.
        """
        require(status in MODEL_STATUSES, "a model's status", f"one of {MODEL_STATUSES}", status)
        require(bool(folder), "a model's folder", "a path below the models folder", folder)
        require_sha256("a model's weights", weights_sha256)
        require_sha256("a recipe", recipe_sha256)
        hold_part(self._session, part_id)
        last = select(func.max(ModelVersion.number)).where(ModelVersion.part_id == part_id)
        row = ModelVersion(
            part_id=part_id,
            number=(self._session.scalar(last) or 0) + 1,
            folder=folder,
            weights_sha256=weights_sha256,
            recipe_name=recipe_name,
            recipe_sha256=recipe_sha256,
            recipe=dict(recipe),
            dataset_version_id=dataset_version_id,
            mlflow_run_id=mlflow_run_id,
            parent_id=parent_id,
            seed=seed,
            status=status,
            metrics=dict(metrics),
            created_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        return _record(row, ())

    def get(self, part_id: int, which: int | str | None = None) -> ModelVersionRecord:
        """Return a model version.

        Args:
            part_id: the part.
            which: a number ("3" and "v3" are numbers too), an alias, or None for the champion and,
                without one, the newest that is ready.

        Raises:
            NotFound: no such model; what there is, is listed.
        """
        row = self._find(part_id, which)
        if row is None:
            raise self._not_found(part_id, which)
        return _record(row, self._aliases(part_id).get(row.id, ()))

    def list(self, part_id: int) -> list[ModelVersionRecord]:
        """Return all model versions of a part, oldest first."""
        aliases = self._aliases(part_id)
        query = select(ModelVersion).where(ModelVersion.part_id == part_id).order_by(ModelVersion.number)
        return [_record(row, aliases.get(row.id, ())) for row in self._session.scalars(query)]

    def set_alias(self, part_id: int, alias: str, model_id: int) -> None:
        """Let `alias` point at a model of this part, wherever it pointed before.

        Raises:
            NotFound: no such part, or the model is not one of its models.
            BadRecord: the alias could be taken for a number, or is empty.
        """
        fits = alias.isidentifier() and _number(alias) is None
        require(fits, "an alias", "a word of letters, digits and _ that is no number", alias)
        hold_part(self._session, part_id)
        row = self._session.get(ModelAlias, (part_id, alias))
        if row is None:
            self._session.add(ModelAlias(part_id=part_id, alias=alias, model_version_id=model_id))
        else:
            row.model_version_id = model_id
        self._session.flush()

    def _find(self, part_id: int, which: int | str | None) -> ModelVersion | None:
        query = select(ModelVersion).where(ModelVersion.part_id == part_id)
        if which is None:
            newest = query.where(ModelVersion.status == "ready").order_by(ModelVersion.number.desc())
            return self._by_alias(part_id, CHAMPION) or self._session.scalars(newest.limit(1)).one_or_none()
        number = which if isinstance(which, int) else _number(which)
        if number is None:
            return self._by_alias(part_id, str(which))
        return self._session.scalars(query.where(ModelVersion.number == number)).one_or_none()

    def _by_alias(self, part_id: int, alias: str) -> ModelVersion | None:
        row = self._session.get(ModelAlias, (part_id, alias))
        return None if row is None else self._session.get_one(ModelVersion, row.model_version_id)

    def _aliases(self, part_id: int) -> dict[int, tuple[str, ...]]:
        """Return the aliases of each model that has any, in alphabetical order."""
        found: dict[int, tuple[str, ...]] = {}
        query = select(ModelAlias).where(ModelAlias.part_id == part_id).order_by(ModelAlias.alias)
        for row in self._session.scalars(query):
            found[row.model_version_id] = (*found.get(row.model_version_id, ()), row.alias)
        return found

    def _not_found(self, part_id: int, which: int | str | None) -> NotFound:
        query = select(ModelVersion.number, ModelVersion.status).where(ModelVersion.part_id == part_id)
        numbers = [f"{number} ({status})" for number, status in self._session.execute(query)]
        aliases = sorted({name for names in self._aliases(part_id).values() for name in names})
        return NotFound(
            expected=f"one of the models {', '.join(numbers + aliases)}" if numbers else "a trained model",
            found="no model that is ready" if which is None else f"no model {which!r}",
            action="Choose one of these."
            if numbers and which is not None
            else "Run `factory-gen train` first.",
        )


def _number(text: str) -> int | None:
    """Return the number that "3" or "v3" means, None for anything else."""
    digits = text.removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() else None


def _record(row: ModelVersion, aliases: tuple[str, ...]) -> ModelVersionRecord:
    return ModelVersionRecord(
        id=row.id,
        part_id=row.part_id,
        number=row.number,
        folder=row.folder,
        weights_sha256=row.weights_sha256,
        recipe_name=row.recipe_name,
        recipe_sha256=row.recipe_sha256,
        recipe=dict(row.recipe),
        dataset_version_id=row.dataset_version_id,
        mlflow_run_id=row.mlflow_run_id,
        parent_id=row.parent_id,
        seed=row.seed,
        status=row.status,
        metrics=dict(row.metrics),
        created_at=row.created_at,
        aliases=aliases,
    )
