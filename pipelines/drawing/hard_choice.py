"""Which of several drafts of a sample an inspector finds hardest: the one that has most to teach it.

A small inspector is trained on the real pictures that the generator knew, never on the hold-out. The loss of its marks
against a draft's own mask says how hard the draft is. A draft that has failed the audit or a limit is no candidate: a
wrong mask is hard, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data_registry.records import PartRecord
from factory_gen.gate.arms import ARMS
from factory_gen.gate.batches import BatchStream, Plan, Pools
from factory_gen.gate.inspector import Tell, Training
from factory_gen.gate.inspectors import make_inspector
from factory_gen.gate.pictures import GatePicture, trim
from factory_gen.gate.shares import class_mix
from factory_gen.images.masks import crop_around
from factory_gen.sampler.generator import Generator
from factory_gen.seeds import derive
from pipelines.inspection.pictures import load_picture, per_picture
from pipelines.pictures.part_images import generator_images, spread
from pipelines.progress import Progress
from pipelines.wiring import Workplace

STAGE = "training the inspector"
MOST_GOOD = 300
STEPS, BATCH, EXTRA, LEARNING_RATE = 200, 16, 0.5, 7e-4
_SURE = 1e-4


class HardChoice:
    """A trained inspector that tells how hard a draft is.

    Args:
        work: registry and blobs.
        part: whose real pictures.
        generator: names the types, the window, the moves and how many real defects may be known.
        seed: of the training.
        say: told the steps.
        inspector: a name in `factory_gen.gate.inspectors.INSPECTORS` that scores pixels.
        steps: of the training.
    """

    def __init__(
        self,
        work: Workplace,
        part: PartRecord,
        generator: Generator,
        seed: int,
        say: Progress,
        *,
        inspector: str = "segmentation",
        steps: int = STEPS,
    ) -> None:
        facts = generator.parts.facts
        self._window = facts.window
        good = spread(generator_images(work, part, kind="good"), MOST_GOOD)
        bad = generator_images(work, part, kind="defect", few=facts.few)
        real = [trim(load_picture(work, rows, None), facts.window) for rows in per_picture([*good, *bad])]
        moves = tuple(facts.recipe.get("windows", {}).get("augment", ()))
        plan = Plan(facts.window, BATCH, EXTRA, class_mix(generator.types), moves)
        training = Training(
            steps, BATCH, facts.window, LEARNING_RATE, derive(seed, "hard choice"), generator.device.type
        )
        stream = BatchStream(Pools(real), ARMS["oversampled"], plan, training.seed, generator.types)
        say.start(STAGE, steps, "training steps")
        self._trained = make_inspector(inspector).train(stream, training, _teller(say))
        say.finish(STAGE)

    def losses(self, drafts: Sequence[tuple[np.ndarray, int, np.ndarray]]) -> list[float]:
        """Mean cross-entropy of the inspector's marks around each defect: the higher, the harder.

        Args:
            drafts: picture (H,W[,C]) uint8 or uint16, its bit depth, and the mask (H,W) bool.
        """
        pictures = []
        for pixels, depth, mask in drafts:
            near = crop_around(mask, self._window // 2)
            cut = np.ascontiguousarray(pixels[near])
            pictures.append(
                GatePicture("draft", "", cut, depth, {"defect": np.ascontiguousarray(mask[near])})
            )
        return [
            _entropy(scores.pixels, picture.mask)
            for scores, picture in zip(self._trained.score(pictures), pictures, strict=True)
        ]


def _entropy(chance: np.ndarray | None, mask: np.ndarray) -> float:
    """Cross-entropy of chances (H,W), defect and sound pixels weighing the same."""
    assert chance is not None
    sure = np.clip(chance, _SURE, 1 - _SURE)
    inside, outside = -np.log(sure[mask]), -np.log(1 - sure[~mask])
    return float(inside.mean() + (outside.mean() if outside.size else 0.0)) / 2


def _teller(say: Progress) -> Tell:
    def tell(_step: int, loss: float) -> None:
        say.advance(STAGE, 1, loss=loss)

    return tell
