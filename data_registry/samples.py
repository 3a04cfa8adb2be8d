"""Generated pictures with their lineage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.orm import Session

from data_registry import names
from data_registry.chunks import CHUNK, in_chunks
from data_registry.errors import AlreadyExists, NotFound
from data_registry.outcome_records import require_finite
from data_registry.parts import hold_part
from data_registry.records import NewSample, SampleCount, SampleRecord
from data_registry.schema import Sample
from data_registry.statistics import refresh_statistics


class Samples:
    """Reads and writes the rows of `samples` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_many(self, part_id: int, samples: Iterable[NewSample]) -> int:
        """Store samples from a stream, with flat memory.

        A sample whose request and index are stored already is left as it is, so that a stopped job
        can be repeated.

        Returns:
            How many samples were new.

        Raises:
            NotFound: no such part, or a source image or model that is not of this part.
            AlreadyExists: the same request and index gave another picture before.
        """
        hold_part(self._session, part_id)
        return sum(self._add_chunk(part_id, chunk) for chunk in in_chunks(samples))

    def page(
        self,
        part_id: int,
        *,
        after_id: int = 0,
        limit: int = 60,
        defect_type: str | None = None,
        request_sha256: str | None = None,
        model_version_id: int | None = None,
        before_id: int | None = None,
    ) -> list[SampleRecord]:
        """Return up to `limit` samples with a number above `after_id`, in rising order.

        With `before_id`, those with the highest numbers below it, the newest first. The other arguments keep only
        samples with that property; None keeps all.
        """
        query = _select().where(Sample.part_id == part_id, Sample.id > after_id)
        if before_id is not None:
            query = query.where(Sample.id < before_id)
        types = names.defect_types(self._session, part_id)
        if defect_type is not None:
            query = query.where(Sample.defect_type_id == types.get(defect_type, -1))
        if request_sha256 is not None:
            query = query.where(Sample.request_sha256 == request_sha256)
        if model_version_id is not None:
            query = query.where(Sample.model_version_id == model_version_id)
        order = Sample.id if before_id is None else Sample.id.desc()
        rows = self._session.execute(query.order_by(order).limit(limit))
        type_names = {key: name for name, key in types.items()}
        return [_record(row, type_names) for row in rows]

    def stream(
        self,
        part_id: int,
        *,
        defect_type: str | None = None,
        request_sha256: str | None = None,
        model_version_id: int | None = None,
    ) -> Iterator[SampleRecord]:
        """Yield all samples that fit, in rising order, with flat memory. Filters as in `page`."""
        last = 0
        while page := self.page(
            part_id,
            after_id=last,
            limit=CHUNK,
            defect_type=defect_type,
            request_sha256=request_sha256,
            model_version_id=model_version_id,
        ):
            yield from page
            last = page[-1].id

    def get(self, sample_id: int) -> SampleRecord:
        """Return a sample by its number.

        Raises:
            NotFound: no such sample.
        """
        row = self._session.execute(_select().where(Sample.id == sample_id)).one_or_none()
        if row is None:
            raise _no_sample(sample_id)
        types = names.defect_types(self._session, row.part_id)
        return _record(row, {key: name for name, key in types.items()})

    def indexes(self, request_sha256: str) -> set[int]:
        """Return the positions of a request that are stored already."""
        query = select(Sample.position).where(Sample.request_sha256 == request_sha256)
        return set(self._session.scalars(query))

    def counts(self, part_id: int) -> list[SampleCount]:
        """Return how many samples there are of each defect type, model and latest decision."""
        keys = (Sample.defect_type_id, Sample.model_version_id, Sample.latest_review)
        query = select(*keys, func.count()).where(Sample.part_id == part_id).group_by(*keys).order_by(*keys)
        types = {key: name for name, key in names.defect_types(self._session, part_id).items()}
        return [
            SampleCount(types[type_id], model_id, review, n)
            for type_id, model_id, review, n in self._session.execute(query)
        ]

    def set_scores(self, sample_id: int, scores: Mapping[str, float]) -> None:
        """Add scores to a sample; one of the same name is replaced, the others stay.

        Raises:
            NotFound: no such sample.
            BadRecord: a score is no finite number.
        """
        self.set_many_scores({sample_id: scores})

    def set_many_scores(self, scores: Mapping[int, Mapping[str, float]]) -> int:
        """Add scores to many samples, as `set_scores`, in one pass.

        Args:
            scores: sample number to scores by name.

        Returns:
            How many samples were changed.

        Raises:
            NotFound: one of the samples does not exist.
            BadRecord: a score is no finite number.
        """
        for sample_id, given in scores.items():
            require_finite(f"the scores of sample {sample_id}", *given.values())
        return sum(self._score_chunk(dict(chunk)) for chunk in in_chunks(scores.items()))

    def _score_chunk(self, scores: Mapping[int, Mapping[str, float]]) -> int:
        # Held in the order of their numbers, so that two writers wait for each other instead of blocking.
        query = select(Sample.id, Sample.scores).where(Sample.id.in_(scores)).order_by(Sample.id)
        stored = {row.id: row.scores for row in self._session.execute(query.with_for_update())}
        for sample_id in scores:
            if sample_id not in stored:
                raise _no_sample(sample_id)
        rows = [{"id": key, "scores": {**old, **scores[key]}} for key, old in stored.items()]
        self._session.execute(update(Sample), rows)
        return len(rows)

    def _add_chunk(self, part_id: int, chunk: Sequence[NewSample]) -> int:
        refresh_statistics(self._session, Sample)
        new = self._without_known(part_id, chunk)
        if not new:
            return 0
        types = names.ensure_defect_types(self._session, part_id, {one.defect_type for one in new})
        now = datetime.now(UTC)
        rows = [
            {
                "part_id": part_id,
                "source_image_id": one.source_image_id,
                "defect_type_id": types[one.defect_type],
                "model_version_id": one.model_version_id,
                "image_sha256": one.image_sha256,
                "mask_sha256": one.mask_sha256,
                "mask_origin": one.mask_origin,
                "recipe_sha256": one.recipe_sha256,
                "request_sha256": one.request_sha256,
                "position": one.index,
                "seed": one.seed,
                "solver": one.solver,
                "steps": one.steps,
                "attempts": one.attempts,
                "audit": one.audit,
                "scores": one.scores,
                "created_at": now,
            }
            for one in new
        ]
        self._session.execute(insert(Sample), rows)
        return len(rows)

    def _without_known(self, part_id: int, chunk: Sequence[NewSample]) -> list[NewSample]:
        requests = {one.request_sha256 for one in chunk}
        query = select(Sample.request_sha256, Sample.position, Sample.part_id, Sample.image_sha256).where(
            Sample.request_sha256.in_(requests), Sample.position.in_({one.index for one in chunk})
        )
        stored = {(sha, at): (part, image) for sha, at, part, image in self._session.execute(query)}
        new = []
        for one in chunk:
            place = (one.request_sha256, one.index)
            made = (part_id, one.image_sha256)
            if place not in stored:
                new.append(one)
            elif stored[place] != made:
                raise _other_picture(one)
            stored[place] = made
        return new


def _select() -> Select[*tuple[Any, ...]]:
    """Return the query for all columns of `SampleRecord`, the defect type by its number."""
    return select(
        Sample.id,
        Sample.part_id,
        Sample.source_image_id,
        Sample.image_sha256,
        Sample.mask_sha256,
        Sample.defect_type_id.label("defect_type"),
        Sample.mask_origin,
        Sample.model_version_id,
        Sample.recipe_sha256,
        Sample.request_sha256,
        Sample.position.label("index"),
        Sample.seed,
        Sample.solver,
        Sample.steps,
        Sample.attempts,
        Sample.audit,
        Sample.scores,
        Sample.latest_review,
        Sample.created_at,
    )


def _record(row: Row[*tuple[Any, ...]], types: Mapping[int, str]) -> SampleRecord:
    values = row._asdict()
    values["defect_type"] = types[values["defect_type"]]
    return SampleRecord(**values)


def _no_sample(sample_id: int) -> NotFound:
    return NotFound(
        expected="the number of a sample in the registry",
        found=f"no sample {sample_id}",
        action="Look with `factory-gen status`.",
    )


def _other_picture(sample: NewSample) -> AlreadyExists:
    return AlreadyExists(
        expected=f"the same picture as before at place {sample.index} of this request",
        found="another picture",
        action="The same request must give the same bytes. Keep the stored ones, or ask with another seed.",
    )
