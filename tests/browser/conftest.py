"""A real browser on a real dashboard over a small demo plant that was trained for seconds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser

from tests.browser.chromium import Visitor, chromium, started
from tests.browser.dashboard import served

SIZE = {"width": 1280, "height": 900}
Visits = Callable[..., Visitor]


@pytest.fixture(scope="session")
def needs_chromium() -> None:
    """Without a browser these tests are left out on a desk, and fail where changes are judged."""
    if chromium() is None:
        reason = "no Chromium here: `apt-get install chromium`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="module")
def browser(needs_chromium: None) -> Iterator[Browser]:
    """A browser for one file; it is gone before tests of other files start loops of their own."""
    with started() as browser:
        yield browser


@pytest.fixture(scope="session")
def drawn_home(needs_chromium: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small plant with its model and samples, made once for all worker processes; copy it before changing it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "browser-plant"
    with FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            from tests.browser.plant import make_home  # brings the training with it: seconds

            make_home(folder)
            (folder / "ready").touch()
    return folder / "home"


@pytest.fixture(scope="module")
def home(drawn_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy for the tests of one file."""
    return Path(shutil.copytree(drawn_home, tmp_path_factory.mktemp("plant") / "home"))


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """Where the pages of this file's home are."""
    with served(home) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visits]:
    """`visit("review")`: a new person's window on a page; nothing may be asked of other machines."""
    visitors = []

    def visits(name: str = "", **where: str | int) -> Visitor:
        visitor = Visitor(browser.new_context(viewport=SIZE, locale="en-GB").new_page(), address)
        visitors.append(visitor)
        visitor.goes_to(name, **where)
        return visitor

    yield visits
    for visitor in visitors:
        visitor.page.context.close()
    assert [one for visitor in visitors for one in visitor.foreign] == []
    assert [one for visitor in visitors for one in visitor.faults] == []
