"""The model that was used last, kept loaded with what its part's real defects teach, for work that people wait for.

One process draws one thing at a time: the networks use all cores anyway, and two at once would only both be late.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock

from pipelines.scoring.learned_check import Learned, learn
from pipelines.scoring.score_limits import LEARNED, LimitChoice, choose_limits
from pipelines.training.model_choice import ChosenModel, choose_model, which
from pipelines.wiring import Workplace


@dataclass
class _Warm:
    """A loaded model and what was learned with it, by catalogue state, types and limits."""

    key: tuple[str, str]
    chosen: ChosenModel
    learned: dict[tuple[object, ...], Learned] = field(default_factory=dict)


class WarmModels:
    """Lends the loaded model to one caller at a time."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._warm: _Warm | None = None

    @contextmanager
    def hold(self, work: Workplace, part: str, model: str | None = None) -> Iterator[ChosenModel]:
        """Give the part's model, loaded now if it is another than the last one; others wait meanwhile.

        Raises:
            NotFound: no such part or model.
            IntegrityError: the model's files are damaged.
        """
        with self._lock:
            with work.registry.read() as rows:
                owner = rows.parts.get(part)
                version = rows.models.get(owner.id, which(model))
            key = str(work.settings.models_dir), version.weights_sha256
            if self._warm is None or self._warm.key != key:
                self._warm = None  # the old one's memory goes before the new one's is taken
                self._warm = _Warm(key, choose_model(work, part, model))
            # what was changed on the part since, such as its allowed region, counts
            yield replace(self._warm.chosen, part=owner, version=version)

    def learn(
        self, work: Workplace, chosen: ChosenModel, types: Sequence[str], limits: LimitChoice | None = None
    ) -> Learned:
        """What the part's real defects teach; looked up again only when the catalogue has changed.

        Raises:
            InputRefused: a type has no masked defect left in the catalogue.
        """
        choice = limits or choose_limits(LEARNED)
        with self._lock:
            assert self._warm is not None
            with work.registry.read() as rows:
                state = tuple(rows.images.counts(chosen.part.id))
            key = state, tuple(types), repr(choice)
            if key not in self._warm.learned:
                self._warm.learned[key] = learn(work, chosen.part, chosen.generator, types, choice)
            return self._warm.learned[key]


WARM = WarmModels()
