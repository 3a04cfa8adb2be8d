"""One job from its request to its end: the device, the part's lock, the job itself, and up to two more attempts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, TypeVar

from data_registry.errors import RegistryError
from factory_gen.errors import FactoryGenError
from pipelines.commands.output import to_json
from pipelines.engine.calls import CALLS
from pipelines.engine.device import CPU, device_lock
from pipelines.engine.kinds import KINDS, read_request
from pipelines.engine.tell import ERROR, EngineProgress
from pipelines.failures import clear_refusal
from pipelines.settings import Settings
from pipelines.wiring import open_workplace, part_lock

T = TypeVar("T")
MOST_RETRIES = 2
FIRST_WAIT_S = 15.0
# another job holds the part or the database, or the GPU is gone for now: time may mend it
MENDED_BY_TIME = frozenset({6, 9})


def work_on(
    kind: str,
    facts: Mapping[str, Any],
    *,
    token: str = "",
    settings: Settings,
    device: str,
    progress: EngineProgress,
) -> None:
    """Does one job and stores its report. The same job again ends with the same rows and bytes.

    Args:
        kind: a name in `KINDS`.
        facts: the request as it came from the engine.
        token: the same for all runs of one asking, so that one which ended without a word is not done twice.
        settings: where things are on this machine.
        device: which device it may use.
        progress: told how far it is.

    Raises:
        FactoryGenError, RegistryError: with a cause and a next step, after the last attempt.
    """
    request = read_request(kind, facts)
    if device != CPU and settings.device == "auto":
        settings = replace(
            settings, device="cuda"
        )  # a lost GPU is told, and not made up for by days on the CPU

    def attempt() -> Any:
        with open_workplace(settings) as work:
            lock = (
                part_lock(
                    settings,
                    request.part,
                    f"job {kind}",
                    waiting=lambda holder: progress.say(
                        f"waiting until part {request.part} is free: {holder}"
                    ),
                )
                if KINDS[kind].writes
                else nullcontext()
            )
            with (
                device_lock(
                    settings, device, waiting=lambda: progress.say(f"waiting until {device} is free")
                ),
                lock,
            ):
                return CALLS[kind](work, request, token, progress)

    def tell(error: Exception, attempts: int, wait_s: float) -> None:
        progress.say(f"attempt {attempts} ended: {error} Trying again in {wait_s:.0f} s.", level=ERROR)

    try:
        report = with_retries(attempt, before_retry=tell)
    except Exception as error:
        refusal = clear_refusal(error, logs_dir=settings.logs_dir, expected=f"the job {kind} to end well")
        progress.say(str(refusal), level=ERROR)
        progress.refuse(refusal.expected, refusal.found, refusal.action)
        raise refusal from error
    progress.report(json.loads(to_json(report)))


def with_retries(
    attempt: Callable[[], T],
    *,
    before_retry: Callable[[Exception, int, float], None],
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Calls `attempt`, and again after 15 and 30 s when it failed for a reason that time may mend.

    Args:
        attempt: what to do.
        before_retry: told the failure, how many attempts there were, and the seconds until the next.
        sleep: how to wait.
    """
    for attempts in range(1, MOST_RETRIES + 1):
        try:
            return attempt()
        except (FactoryGenError, RegistryError, OSError) as error:
            if not may_mend(error):
                raise
            wait_s = FIRST_WAIT_S * 2 ** (attempts - 1)
            before_retry(error, attempts, wait_s)
            sleep(wait_s)
    return attempt()


def may_mend(error: Exception) -> bool:
    """Whether the same call may go well later without anybody's hand."""
    if isinstance(error, FactoryGenError | RegistryError):
        return error.exit_code in MENDED_BY_TIME
    return isinstance(error, ConnectionError | TimeoutError)
