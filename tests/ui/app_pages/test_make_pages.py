"""Catalogue, Generate, Inpaint and Explore with no part, a part without a model, and a part with samples."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data_registry.records import NewImage
from factory_gen.images.files import encode_png
from tests.drawn_files import grey, write
from tests.pipelines.drawn_part import draw_part, workplace

Draw = Callable[..., AppTest]
PAGES = ("catalogue", "generate", "inpaint", "explore")


def empty_home(home: Path) -> Path:
    with workplace(home):
        return home


def bare_home(home: Path) -> Path:
    with workplace(home) as work, work.registry.write() as rows:
        rows.parts.add("tile", source_root="plant")
    return home


def drawn_home(home: Path, samples: int = 6) -> Path:
    with workplace(home) as work:
        draw_part(work, samples)
    return home


def told(app: AppTest) -> str:
    return " ".join(one.value for one in [*app.markdown, *app.caption, *app.text])


def no_box(app: AppTest) -> None:
    assert not app.exception
    assert "This cannot be done yet" not in told(app)
    assert "Something unexpected" not in told(app)


def button(app: AppTest, label: str) -> AppTest:
    return next(one for one in app.button if one.label == label).click().run()


@pytest.mark.parametrize("page", PAGES)
def test_without_a_part_the_page_says_what_to_do(draw: Draw, tmp_path: Path, page: str) -> None:
    app = draw(page, empty_home(tmp_path / "home"))
    no_box(app)
    assert "There is no part yet" in told(app)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("catalogue", "What"),
        ("generate", "A trained model is needed"),
        ("inpaint", "A trained model is needed"),
        ("explore", "A trained model is needed"),
    ],
)
def test_a_bare_part_says_what_is_missing(draw: Draw, tmp_path: Path, page: str, words: str) -> None:
    app = draw(page, bare_home(tmp_path / "home"), part="tile")
    no_box(app)
    if page == "catalogue":
        assert [one.value for one in app.metric][:2] == ["0", "0"]
        assert "Look, without writing" in [one.label for one in app.button]
    else:
        assert words in told(app)


@pytest.mark.parametrize("language", ["en", "ja", "de"])
@pytest.mark.parametrize("page", PAGES)
def test_a_small_part_is_shown_in_every_language(
    draw: Draw, tmp_path: Path, page: str, language: str
) -> None:
    no_box(draw(page, drawn_home(tmp_path / "home"), part="tile", language=language))


@pytest.mark.parametrize("view", ["counts", "add", "masks", "part"])
def test_every_view_of_the_catalogue_is_drawn(draw: Draw, tmp_path: Path, view: str) -> None:
    app = draw("catalogue", drawn_home(tmp_path / "home"), part="tile")
    app.session_state["catalogue-view"] = view
    no_box(app.run())


@pytest.mark.parametrize("view", ["walk", "stages", "nearest"])
def test_every_view_of_explore_is_drawn(draw: Draw, tmp_path: Path, view: str) -> None:
    app = draw("explore", drawn_home(tmp_path / "home"), part="tile")
    app.session_state["explore-view"] = view
    no_box(app.run())


def test_samples_come_newest_first_and_page_by_key(draw: Draw, tmp_path: Path) -> None:
    app = draw("generate", drawn_home(tmp_path / "home", samples=30), part="tile")
    no_box(app)
    back, forward = (
        next(one for one in app.button if one.label == word) for word in ("Page before", "Page after")
    )
    assert back.disabled and not forward.disabled
    assert "Page 2" in told(forward.click().run())


def test_pictures_are_looked_at_before_they_are_taken_in(draw: Draw, tmp_path: Path) -> None:
    files = {f"good/{i}.png": encode_png(grey(i)) for i in range(3)}
    files |= {"crack/0.png": encode_png(grey(9)), "crack/broken.png": b"no picture"}
    folder = write(tmp_path / "plant", files)
    home = empty_home(tmp_path / "home")
    app = draw("catalogue", home)
    app.text_input(key="intake-part").set_value("bolt")
    app.text_input(key="intake-folder").set_value(str(folder)).run()
    app = button(app, "Look, without writing")
    no_box(app)
    assert {one.label: one.value for one in app.metric}["Refused"] == "1"
    with workplace(home) as work, work.registry.read() as rows:
        assert rows.parts.list() == []
    app = button(app, "Take these pictures in")
    no_box(app)
    with workplace(home) as work, work.registry.read() as rows:
        assert len(rows.images.page(rows.parts.get("bolt").id)) == 4


def test_a_hostile_zip_is_refused_in_words(draw: Draw, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("../../evil.png", encode_png(grey(1)))
    (tmp_path / "evil.zip").write_bytes(packed.getvalue())
    app = draw("catalogue", empty_home(tmp_path / "home"))
    app.text_input(key="intake-part").set_value("bolt")
    app.text_input(key="intake-folder").set_value(str(tmp_path / "evil.zip")).run()
    app = button(app, "Look, without writing")
    assert not app.exception
    assert "This cannot be done yet" in told(app)
    assert not (tmp_path / "evil.png").exists()


def test_a_picture_is_chosen_and_its_painter_opens(draw: Draw, tmp_path: Path) -> None:
    app = draw("inpaint", drawn_home(tmp_path / "home"), part="tile")
    app = button(app, "Paint")
    no_box(app)
    assert app.query_params["image"] == "1"
    assert "Nothing is painted yet" in told(app)
    assert next(one for one in app.button if one.label == "Draw 4 variants").disabled


def test_a_missing_mask_is_listed(draw: Draw, tmp_path: Path) -> None:
    home = drawn_home(tmp_path / "home")
    with workplace(home) as work, work.registry.write() as rows:
        data = encode_png(grey(5))
        image = NewImage(
            relative_path="crack/1.png",
            sha256=work.blobs.put(data),
            kind="defect",
            defect_type="crack",
            width=grey(5).shape[1],
            height=grey(5).shape[0],
            mode="L",
            group="g",
            split="generator",
        )
        rows.images.add_many(rows.parts.get("tile").id, [image])
    app = draw("catalogue", home, part="tile")
    app.session_state["catalogue-view"] = "masks"
    app = button(app.run(), "Paint")
    no_box(app)
    assert "Save the mask" in [one.label for one in app.button]
