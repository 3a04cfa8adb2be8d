"""Trainings in MLflow: one experiment per part, one run per training, model versions with the alias `champion`.

The store is a local SQLite file under home, made on first use (about 5 s). Models are registered as plain folders of
safetensors and JSON: no pickle, no pyfunc, nothing that loading could execute. This is the only file that imports
mlflow, and it does so when a run begins, since the import takes seconds.
"""

from __future__ import annotations

import hashlib
import logging
import math
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pipelines.errors import TrackingBroken
from pipelines.settings import Settings, hide_password, quiet_environment
from pipelines.training.run_log import NoTracker, Tracker

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

CHAMPION = "champion"
METRICS_PER_WRITE = 100
LONGEST_PARAM = 500
_SQLITE = "sqlite:///"
_OURS = ("pipelines", "factory_gen", "data_registry")
_log = logging.getLogger(__name__)


def open_tracker(settings: Settings) -> Tracker:
    """The tracker that the settings ask for. Nothing is imported or written before the first run begins."""
    if not settings.tracking:
        return NoTracker()
    return MlflowTracker(settings.mlflow_uri, settings.mlflow_dir)


class MlflowTracker:
    """Trainings in an MLflow store.

    Args:
        uri: the store, `sqlite:///...`.
        folder: where run artifacts and the lock for making the store lie.
    """

    def __init__(self, uri: str, folder: Path) -> None:
        self._uri = uri
        self._folder = folder
        self._client: MlflowClient | None = None

    @contextmanager
    def start_training_run(
        self,
        part: str,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
        *,
        name: str | None = None,
        resume_run_id: str | None = None,
    ) -> Iterator[MlflowRun]:
        """A run in the part's experiment: FINISHED, FAILED or KILLED by how the block ends.

        Args:
            part: the experiment.
            params: what the run begins with.
            tags: such as the recipe's hash, the data set version and the seed.
            name: the run's name; MLflow draws one when it is None.
            resume_run_id: goes on with that run, when the store still has it.

        Raises:
            TrackingBroken: the store cannot be opened.
        """
        client = self._connect()
        run_id = self._resumed(client, resume_run_id)
        if run_id is None:
            experiment = self._experiment(client, part)
            run_id = client.create_run(experiment, tags=dict(tags), run_name=name).info.run_id
        run = MlflowRun(client, run_id)
        run.log_params(params)
        try:
            yield run
        except KeyboardInterrupt:
            run.end("KILLED")
            raise
        except BaseException:
            run.end("FAILED")
            raise
        run.end("FINISHED")

    def register_model(self, part: str, folder: Path, *, run_id: str | None, tags: Mapping[str, str]) -> int:
        """Registers a model folder as it lies, without copying it.

        Returns:
            MLflow's version number.

        Raises:
            TrackingBroken: the store cannot be used.
        """
        from mlflow.exceptions import MlflowException

        client = self._connect()
        model = model_name(part)
        with suppress(MlflowException):  # it is there already
            client.create_registered_model(model, tags={"part": part})
        source = folder.resolve().as_uri()
        return int(client.create_model_version(model, source=source, run_id=run_id, tags=dict(tags)).version)

    def set_champion(self, part: str, version: int | None) -> None:
        """Points the alias `champion` of the part's model at that version."""
        if version is not None:
            self._connect().set_registered_model_alias(model_name(part), CHAMPION, str(version))

    def client(self) -> MlflowClient:
        """MLflow's own client, for `training/tracking_aliases.py`; raises TrackingBroken as all calls here do."""
        return self._connect()

    def _connect(self) -> MlflowClient:
        if self._client is None:
            self._client = _open_store(self._uri, self._folder)
        return self._client

    def _experiment(self, client: MlflowClient, part: str) -> str:
        found = client.get_experiment_by_name(part)
        if found is not None:
            return str(found.experiment_id)
        # without a place of its own MLflow would write to ./mlruns; the part's name never becomes a path
        place = self._folder / "artifacts" / hashlib.sha256(part.encode()).hexdigest()[:16]
        return str(client.create_experiment(part, artifact_location=place.resolve().as_uri()))

    @staticmethod
    def _resumed(client: MlflowClient, run_id: str | None) -> str | None:
        from mlflow.exceptions import MlflowException

        if run_id is None:
            return None
        try:
            client.update_run(run_id, status="RUNNING")
        except MlflowException:
            return None  # the store was thrown away since: begin a new run
        return run_id


class MlflowRun:
    """One run. Metrics are gathered and written in batches, since a write costs milliseconds."""

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self._client = client
        self._pending: list[Metric] = []
        self.run_id: str | None = run_id
        self._id = run_id

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Writes the parameters, nested ones as `outer.inner`; long values are cut at 500 characters."""
        from mlflow.entities import Param
        from mlflow.exceptions import MlflowException

        flat = [Param(key, str(value)[:LONGEST_PARAM]) for key, value in _flattened(params)]
        try:
            for start in range(0, len(flat), METRICS_PER_WRITE):
                self._client.log_batch(self._id, params=flat[start : start + METRICS_PER_WRITE])
        except MlflowException as error:  # a resumed run keeps its first parameters
            _log.warning("MLflow did not take the parameters: %s", error)

    def log_metrics(self, figures: Mapping[str, float], step: int) -> None:
        """Notes figures at a step; written when a hundred have gathered and at the end."""
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        self._pending += [
            Metric(key, float(value), now, step) for key, value in figures.items() if math.isfinite(value)
        ]
        if len(self._pending) >= METRICS_PER_WRITE:
            self._write_pending()

    def log_figure_png(self, path: Path, folder: str = "figures") -> None:
        """Copies the file into the run's artifacts."""
        self._client.log_artifact(self._id, str(path), artifact_path=folder)

    def log_text(self, text: str, name: str) -> None:
        """Writes the text as an artifact of that name."""
        self._client.log_text(self._id, text, name)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Adds tags to the run."""
        for key, value in tags.items():
            self._client.set_tag(self._id, key, value)

    def end(self, status: str) -> None:
        """Writes what is pending and the end state: FINISHED, FAILED or KILLED."""
        from mlflow.exceptions import MlflowException

        self._write_pending()
        if self._pending:
            _log.warning("%d figures of run %s could not be written to MLflow", len(self._pending), self._id)
        try:
            self._client.set_terminated(self._id, status)
        except MlflowException as error:
            _log.warning("MLflow did not take the end of run %s: %s", self._id, error)

    def _write_pending(self) -> None:
        from mlflow.exceptions import MlflowException

        while self._pending:
            batch = self._pending[:METRICS_PER_WRITE]
            try:
                self._client.log_batch(self._id, metrics=batch)
            except MlflowException:
                return  # a busy store must not stop a training: they are tried again with the next ones
            del self._pending[: len(batch)]


def model_name(part: str) -> str:
    """The part's name as MLflow's model registry takes it: `/` and `:` are not allowed there."""
    plain = part.replace("/", "_").replace(":", "_")
    return plain if plain == part else f"{plain}-{hashlib.sha256(part.encode()).hexdigest()[:8]}"


def _open_store(uri: str, folder: Path) -> MlflowClient:
    quiet_environment()
    for library in ("mlflow", "alembic"):
        logging.getLogger(library).setLevel(logging.WARNING)
    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # its import has set it back
    folder.mkdir(parents=True, exist_ok=True)
    _check_sqlite(uri)
    try:
        with FileLock(folder / "making.lock"):  # two first trainings at once would both make the tables
            _make_sqlite(uri)
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            client.search_experiments(max_results=1)
    except Exception as error:  # mlflow lets every error of its database libraries through
        raise _broken(uri, str(error).split(". ")[0]) from error
    _wake_loggers()
    return client


def _wake_loggers() -> None:
    """MLflow's migrations set logging up afresh and silence every logger that was there before: ours speak again."""
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.split(".")[0] in _OURS:
            logger.disabled = False


def _make_sqlite(uri: str) -> None:
    """Make the tables under another name first: a kill between two of them would leave a store that nobody can use."""
    path = Path(uri.removeprefix(_SQLITE))
    if not uri.startswith(_SQLITE) or path.exists():
        return
    from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine

    fresh = path.with_name(f"{path.name}.making")
    for left in (fresh, fresh.with_name(f"{fresh.name}-journal")):
        left.unlink(missing_ok=True)
    engine = create_sqlalchemy_engine(f"{_SQLITE}{fresh}")
    _initialize_tables(engine)
    engine.dispose()
    fresh.replace(path)


def _check_sqlite(uri: str) -> None:
    if not uri.startswith(_SQLITE):
        return
    path = Path(uri.removeprefix(_SQLITE))
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            store.execute("PRAGMA schema_version").fetchone()
            (verdict,) = store.execute("PRAGMA quick_check(1)").fetchone()
        store.close()
    except sqlite3.Error as error:
        raise _broken(uri, str(error)) from error
    if verdict != "ok":
        raise _broken(uri, verdict)


def _broken(uri: str, found: str) -> TrackingBroken:
    return TrackingBroken(
        expected=f"an MLflow store of this version at {hide_password(uri)}",
        found=found,
        action="Move that file away (a new store is made; models and samples are kept in the registry), "
        "or set `tracking = false`.",
    )


def _flattened(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
