"""The page of data sets: empty, versions with a difference, an export with its read-back, roads past the gate."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines import export
from pipelines.queries.datasets import exports_of, versions_of
from pipelines.release.exported_folders import folder_for, zip_of
from tests.data_registry.rows import sha
from tests.pipelines.drawn_part import draw_part, workplace
from tests.ui.test_app import a_home

Draw = Callable[..., AppTest]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with workplace(tmp_path) as work:
        part = draw_part(work)
        out = folder_for(work.settings, part, "mvtec", datetime(2026, 5, 1, tzinfo=UTC))
        export.run(work, "tile", format="mvtec", out=out, override="for the test of this page")
        with work.registry.write() as rows:
            first = rows.samples.page(part.id)[0]
            rows.reviews.add(first.id, decision="ng", reviewer="Sato")
        out = folder_for(work.settings, part, "coco/../..", datetime(2026, 5, 2, tzinfo=UTC))
        export.run(work, "tile", format="coco", out=out, override="a second one for this page")
    return tmp_path


def test_without_versions_it_says_where_they_come_from(draw: Draw, tmp_path: Path) -> None:
    app = draw("datasets", a_home(tmp_path, "bolt"))
    assert not app.exception
    assert "There is no version yet" in " ".join(one.value for one in app.markdown)


@pytest.mark.parametrize("language", ["en", "ja", "de"])
def test_versions_differences_and_exports_are_shown(draw: Draw, home: Path, language: str) -> None:
    with workplace(home) as work, work.registry.write() as rows:
        part = rows.parts.get("tile")
        rows.verdicts.add(
            part.id,
            dataset_version_id=rows.datasets.get(part.id, 1, "synthetic").id,
            decision="harms",
            metric="pixel_ap_macro",
            lift=-0.1,
            lift_low=-0.2,
            lift_high=-0.05,
            settings_sha256=sha("settings"),
            report={},
        )
    app = draw("datasets", home, language=language)
    assert not app.exception
    assert len(app.dataframe[0].value) == 3
    assert [one.value for one in app.metric] == ["8", "0", "1", "0"]
    assert sum("2" in one.value and "UTC" in one.value for one in app.markdown) == 2


def test_an_export_needs_the_engine(draw: Draw, home: Path) -> None:
    app = draw("datasets", home)
    assert not app.exception
    [button] = [one for one in app.main.button if one.label == "Export"]
    assert button.disabled
    assert "factory-gen up" in " ".join(one.value for one in app.markdown)


def test_looking_first_says_what_would_go(draw: Draw, home: Path) -> None:
    app = draw("datasets", home)
    [button] = [one for one in app.main.button if one.label == "Look first"]
    button.click().run()
    assert any(one.value.startswith("5 samples") for one in app.markdown)
    assert any("reviewed NG" in one.value for one in app.markdown)


def test_a_zip_has_the_folder_in_it(home: Path) -> None:
    with workplace(home) as work:
        with work.registry.read() as rows:
            part = rows.parts.get("tile")
        newest = exports_of(work, part)[0]
        assert newest.exact and newest.version == 2
        made = zip_of(work, part, newest.record)
        with zipfile.ZipFile(made) as archive:
            assert "manifest.jsonl" in archive.namelist()
        assert zip_of(work, part, newest.record) == made
        assert [one.may_go for one in versions_of(work, part)] == [False, False, False]
