"""What a hostile or broken upload does: a box with a cause and a next step, and nothing outside the home."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory_gen.images.files import encode_png
from tests.browser.chromium import Visitor
from tests.browser.conftest import Visits
from tests.browser.dashboard import records, served
from tests.drawn_files import grey

REFUSED = "This cannot be done yet"


@pytest.fixture(scope="module")
def home(needs_chromium: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty one."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    home.mkdir()
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """Its pages."""
    with served(home) as address:
        yield address


def packed(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def huge_png() -> bytes:
    """A PNG of a few bytes that says it has 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )


def sends(visitor: Visitor, name: str, data: bytes) -> None:
    visitor.goes_to("catalogue")
    visitor.fills("Name of the part", "bolt")
    visitor.page.locator('input[type="file"]').set_input_files(
        {"name": name, "mimeType": "application/zip", "buffer": data}
    )
    visitor.sees(name)
    visitor.waits()
    visitor.presses("Look, without writing")


def parts(home: Path) -> list[str]:
    with records(home) as rows:
        return [one.name for one in rows.parts.list()]


def test_hostile_zips_are_refused_in_words(visit: Visits, home: Path) -> None:
    visitor = visit("catalogue")
    bomb = packed({"good/zeros.png": bytes(300_000_000)})
    assert len(bomb) < 2_000_000
    for name, data in (
        ("bomb.zip", bomb),
        (
            "outside.zip",
            packed({"../../../evil.png": encode_png(grey(1)), "good/a.png": encode_png(grey(2))}),
        ),
        ("no_zip.zip", b"this is no zip" * 100),
    ):
        sends(visitor, name, data)
        visitor.sees(REFUSED)
        assert "Traceback" not in visitor.text, name
        assert visitor.page.get_by_text("What to do").first.is_visible(), name
    assert parts(home) == []
    assert not list(home.parent.rglob("evil.png"))


def test_pictures_that_are_none_are_named_and_the_rest_comes_in(visit: Visits, home: Path) -> None:
    visitor = visit("catalogue")
    files = {f"good/{at}.png": encode_png(grey(at)) for at in range(3)}
    files |= {"good/text.png": b"no picture at all", "good/huge.png": huge_png()}
    sends(visitor, "mixed.zip", packed(files))
    visitor.sees("2 files are refused")
    assert "Traceback" not in visitor.text
    visitor.presses("Take these pictures in")
    visitor.sees("Catalogue version")
    assert parts(home) == ["bolt"]


def test_a_file_that_is_no_zip_is_not_taken(visit: Visits) -> None:
    visitor = visit("catalogue")
    visitor.opens("Add pictures")
    visitor.fills("Name of the part", "nut")
    visitor.page.locator('input[type="file"]').set_input_files(
        {"name": "run.exe", "mimeType": "application/octet-stream", "buffer": b"MZ" * 100}
    )
    visitor.sees("not allowed")
    assert visitor.button("Look, without writing").is_disabled()
