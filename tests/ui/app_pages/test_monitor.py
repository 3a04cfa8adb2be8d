"""The monitor page: the empty state, windows over their limits with pictures, a policy that is set and switched off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data_registry.session import open_registry
from pipelines.queries.monitor import unusual_pictures, watch_of
from tests.data_registry.rows import sha
from tests.pipelines.drawn_part import draw_part, workplace
from tests.ui.test_app import a_home

Draw = Callable[..., AppTest]
PICTURE = "good/grey.png"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Four windows, the last two over the limit of brightness, and a retraining that was."""
    with workplace(tmp_path) as work:
        part = draw_part(work)
        with work.registry.write() as rows:
            rows.models.set_alias(part.id, "champion", rows.models.get(part.id, 1).id)
            windows = []
            for number, value in enumerate((0.01, -0.02, 0.2, 0.3)):
                over = ["brightness"] if value > 0.1 else []
                figures = {
                    "brightness": {"value": value, "limit": 0.1, "p": None},
                    "features": {"value": 0.01, "limit": 0.05, "p": 0.4},
                }
                windows.append(
                    rows.monitoring.add_window(
                        part.id,
                        model_version_id=None,
                        baseline_sha256=sha("baseline"),
                        content_sha256=sha(number),
                        source=str(tmp_path / "line"),
                        images=50,
                        figures=figures,
                        exceeded=over,
                        unusual={name: [PICTURE, "gone.png", "../../etc/passwd"] for name in over},
                    )
                )
            rows.monitoring.add_alarm(part.id, first=windows[2], second=windows[3], indicators=["brightness"])
            run = rows.retraining.start(part.id, cause="drift", started_by="Sato")
            rows.retraining.end(run.id, state="kept", reason="not proven")
    return tmp_path


def test_the_empty_state_teaches(draw: Draw, tmp_path: Path) -> None:
    app = draw("monitor", a_home(tmp_path, "bolt"))
    assert not app.exception
    assert "factory-gen monitor FOLDER --part bolt" in " ".join(one.value for one in app.markdown)


@pytest.mark.parametrize(("language", "alarm"), [("en", "▲ alarm"), ("ja", "▲ 警報"), ("de", "▲ Alarm")])
def test_an_alarm_is_shown_with_its_pictures(draw: Draw, home: Path, language: str, alarm: str) -> None:
    app = draw("monitor", home, language=language)
    assert not app.exception
    assert app.metric[0].value == alarm
    gone = [one.value for one in app.caption if "gone.png" in one.value or "passwd" in one.value]
    assert len(gone) == 2
    assert len(app.dataframe[0].value) == 1


def test_only_pictures_of_the_window_are_read(home: Path) -> None:
    (home / "line").mkdir()
    (home / "secret.png").write_bytes(b"no picture")
    with workplace(home) as work:
        with work.registry.read() as rows:
            part = rows.parts.get("tile")
        found = watch_of(work, part)
        assert [one.exceeded for one in found.points if one.indicator == "brightness"] == [
            False,
            False,
            True,
            True,
        ]
        assert {one.low for one in found.points if one.indicator == "features"} == {None}
        pictures = unusual_pictures(work, part, found.windows[-1])["brightness"]
    assert [(name, data is None) for name, data in pictures] == [
        (PICTURE, False),
        ("gone.png", True),
        ("../../etc/passwd", True),
    ]


def test_a_policy_is_set_and_switched_off(draw: Draw, home: Path) -> None:
    app = draw("monitor", home)
    [calendar] = [one for one in app.main.selectbox if one.label == "Calendar"]
    calendar.select("0 2 1 */3 *")
    app.main.multiselect[0].set_value(["drift"])
    [save] = [one for one in app.main.button if one.label == "Save"]
    save.click().run()
    assert not app.exception
    with open_registry(f"sqlite:///{home / 'registry.db'}") as registry, registry.read() as rows:
        policy = rows.retraining.policy(rows.parts.get("tile").id)
        assert policy is not None and policy.active and policy.cron == "0 2 1 */3 *"
        assert policy.triggers == ("drift",) and policy.timezone == "Asia/Tokyo"
    app.main.button(key="switch_off").click().run()
    with open_registry(f"sqlite:///{home / 'registry.db'}") as registry, registry.read() as rows:
        stopped = rows.retraining.policy(rows.parts.get("tile").id)
        assert stopped is not None and not stopped.active
