"""Devices of this machine, and the lock that lets one job at a time compute on each.

The engine gives each worker one job at a time. The lock holds even where the engine cannot know: when a worker was
killed and the job that it had started lives on. The kernel frees it with the process.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.settings import Settings

CPU = "cpu"
_GPU_NODE = re.compile(r"nvidia\d+")
LOOK_AGAIN_S = 1.0


def count_gpus(nodes: Path = Path("/dev")) -> int:
    """GPUs that the driver shows; 0 without one."""
    return sum(1 for node in nodes.glob("nvidia*") if _GPU_NODE.fullmatch(node.name))


def devices_of(settings: Settings, gpus: int) -> tuple[str, ...]:
    """Names of the devices that get a worker: each GPU, and the CPU for jobs that need none."""
    shown = 0 if settings.device == CPU else gpus
    return (*(f"gpu{number}" for number in range(shown)), CPU)


@contextmanager
def device_lock(settings: Settings, device: str, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Holds a device; waits until the job before has left it.

    Args:
        settings: whose `locks_dir` holds the lock.
        device: `cpu`, `gpu0`, ...
        waiting: called once, when the device is not free at once.
    """
    lock = FileLock(settings.locks_dir / f"device-{device}.lock")
    told = False
    while True:
        try:
            lock.acquire(blocking=False)
            break
        except Timeout:
            if not told:
                waiting()
                told = True
            time.sleep(LOOK_AGAIN_S)
    try:
        yield
    finally:
        lock.release()


def is_free(settings: Settings, device: str) -> bool:
    """Whether no job holds the device now."""
    lock = FileLock(settings.locks_dir / f"device-{device}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    lock.release()
    return True
