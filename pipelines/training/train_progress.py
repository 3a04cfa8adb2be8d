"""A training's progress, passed on to the user and its curves to the tracker."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.progress import Progress
from pipelines.training.run_log import TrainingRun

CURVE_EVERY = 10


class TrainingProgress:
    """Is told each step; shows every one and logs one in `CURVE_EVERY`."""

    def __init__(self, say: Progress, tracked: TrainingRun) -> None:
        self.say, self.tracked = say, tracked
        self.stage, self.done = "", 0.0

    def __call__(self, stage: str, step: int, fraction: float, figures: Mapping[str, float]) -> None:
        """Take note of one step of a stage; `fraction` is the share of the stage that is done."""
        if stage != self.stage:
            self._close()
            self.stage, self.done = stage, 0.0
            self.say.start(stage, 1.0)
        self.say.advance(stage, max(0.0, min(1.0, fraction) - self.done), step=step, **figures)
        self.done = max(self.done, min(1.0, fraction))
        if step % CURVE_EVERY == 0 and figures:
            self.tracked.log_metrics({f"{stage}.{key}": value for key, value in figures.items()}, step)
        if fraction >= 1.0:
            self._close()

    def _close(self) -> None:
        if self.stage:
            self.say.finish(self.stage)
            self.stage = ""
