"""Several processes do the trainings of a gate side by side."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from factory_gen.training.threads import use_threads
from pipelines.inspection.bench import Bench, Task
from pipelines.inspection.runs import Run
from pipelines.settings import Settings, quiet_environment
from pipelines.wiring import open_workplace

_WATCH_S = 2.0


def do_runs(bench: Bench, runs: Mapping[Run, Path], workers: int, tell: Any) -> Iterator[Run]:
    """Do the runs and yield each when its result is on disk.

    Args:
        bench: this process's pictures; the other processes load their own.
        runs: what is left to do, and where each result is kept.
        workers: processes side by side; 1 works in this one.
        tell: told how many more training steps were done.
    """
    if workers <= 1 or len(runs) <= 1:
        use_threads(bench.work.settings.threads)
        for run, path in runs.items():
            bench.do(run, path, tell)
            yield run
        return
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    with ProcessPoolExecutor(
        min(workers, len(runs)), context, _start, (bench.work.settings, bench.task, told, os.getpid())
    ) as pool:
        waiting = {pool.submit(_do, run, path): run for run, path in runs.items()}
        listener = threading.Thread(target=_listen, args=(told, tell), daemon=True)
        listener.start()
        try:
            for future in as_completed(waiting):
                future.result()
                yield waiting[future]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            told.put(None)
            listener.join(timeout=_WATCH_S)


_here: dict[str, Any] = {}


def _start(settings: Settings, task: Task, told: Any, parent: int) -> None:
    """Open everything in a new process, and see to it that it ends with the first one."""
    quiet_environment(settings)
    use_threads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    work = open_workplace(settings)
    _here.update(bench=Bench(work.__enter__(), task), work=work, tell=told.put)


def _do(run: Run, path: Path) -> None:
    _here["bench"].do(run, path, _here["tell"])


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    os._exit(1)


def _listen(told: Any, tell: Any) -> None:
    while True:
        try:
            steps = told.get(timeout=_WATCH_S)
        except queue.Empty:
            continue
        if steps is None:
            return
        tell(steps)
