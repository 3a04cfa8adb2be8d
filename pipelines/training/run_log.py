"""What a training says about itself, and where to: the protocols, and a tracker that forgets.

`pipelines.tracking` writes the same to MLflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol


class TrainingRun(Protocol):
    """One training as its job sees it. Writing never stops a training: what cannot be written is warned of."""

    @property
    def run_id(self) -> str | None:
        """MLflow's id of the run, None when trainings are not tracked."""

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Settings of the training; a nested mapping becomes `outer.inner`."""

    def log_metrics(self, figures: Mapping[str, float], step: int) -> None:
        """Figures at a training step; figures that are not finite are left out."""

    def log_figure_png(self, path: Path, folder: str = "figures") -> None:
        """Copies a picture into the run."""

    def log_text(self, text: str, name: str) -> None:
        """Stores a text, such as the recipe, under that file name."""

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Adds tags to the run."""


class Tracker(Protocol):
    """Where trainings and model versions are written."""

    def start_training_run(
        self,
        part: str,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
        *,
        name: str | None = None,
        resume_run_id: str | None = None,
    ) -> AbstractContextManager[TrainingRun]:
        """Gives the run; its end state follows how the block ends."""

    def register_model(
        self, part: str, folder: Path, *, run_id: str | None, tags: Mapping[str, str]
    ) -> int | None:
        """Registers a model folder as the next version of the part's model and returns MLflow's version number."""

    def set_champion(self, part: str, version: int | None) -> None:
        """Points the alias `champion` at that version."""


class NoTracker:
    """Writes nothing: `tracking = false` in the settings."""

    @contextmanager
    def start_training_run(
        self,
        part: str,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
        *,
        name: str | None = None,
        resume_run_id: str | None = None,
    ) -> Iterator[NoRun]:
        """Gives a run that forgets everything."""
        yield NoRun()

    def register_model(self, part: str, folder: Path, *, run_id: str | None, tags: Mapping[str, str]) -> None:
        """Nothing is registered."""

    def set_champion(self, part: str, version: int | None) -> None:
        """There is no alias to set."""


class NoRun:
    """A run that forgets everything it is told."""

    run_id: str | None = None

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Forgets them."""

    def log_metrics(self, figures: Mapping[str, float], step: int) -> None:
        """Forgets them."""

    def log_figure_png(self, path: Path, folder: str = "figures") -> None:
        """Forgets it."""

    def log_text(self, text: str, name: str) -> None:
        """Forgets it."""

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Forgets them."""
