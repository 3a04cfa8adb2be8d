"""What every test stands on: one thread, no telemetry, and no access to this user's own settings or data."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from pipelines.settings import PREFIX, TEST_PREFIX, quiet_environment
from tests.data_registry import postgres

os.environ.setdefault("OMP_NUM_THREADS", "1")
quiet_environment()
# A run started in the background ignores Ctrl+C, and so would every program that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """What this run cannot test, and why."""
    return [reason] if (reason := postgres.left_out()) else []


@pytest.fixture(scope="session", autouse=True)
def apart_from_this_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Settings, data and caches of whoever runs the tests are neither read nor written."""
    place = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX):
                patch.delenv(name)
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(place / name.lower()))
        yield
