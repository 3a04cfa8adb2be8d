"""Coming in: the right password, the same refusal for all causes, back-off, the ends of a visit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from factory_gen.errors import InputRefused
from pipelines.errors import NotPermitted
from pipelines.services import accounts, visits
from pipelines.services.access import ADMIN, ENGINEER, OPERATOR, Actor
from pipelines.services.service import Service
from pipelines.settings import load_settings
from pipelines.wiring import Workplace, open_workplace

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
SECRET = "three quiet words"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workplace]:
    with open_workplace(load_settings({"home": tmp_path / "home"}).settings) as opened:
        yield opened


@pytest.fixture
def mia(work: Workplace) -> str:
    return accounts.add(work, "Mia", SECRET, role=ADMIN, by="command line").name


def refused(work: Workplace, name: str, password: str, at: datetime = NOW) -> str:
    with pytest.raises(NotPermitted) as caught:
        accounts.log_in(work, name, password, now=at)
    return str(caught.value)


def trail(work: Workplace) -> list[tuple[str, str, str]]:
    with work.registry.read() as rows:
        return [(event.actor, event.action, event.subject) for event in reversed(rows.audit.recent())]


def test_the_right_password_lets_in_and_is_noted(work: Workplace, mia: str) -> None:
    came = accounts.log_in(work, "mia", SECRET, now=NOW)
    visit = visits.current_visit(work, came.token, now=NOW)
    assert visit is not None
    assert visit.account.name == mia
    assert trail(work) == [("command line", "add user", "Mia"), ("Mia", "log in", "Mia")]


def test_neither_password_nor_token_is_stored(work: Workplace, mia: str) -> None:
    token = accounts.log_in(work, mia, SECRET, now=NOW).token
    kept = b"".join(path.read_bytes() for path in work.settings.home.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept
    assert token.encode() not in kept
    assert b"$argon2id$" in kept


def test_all_causes_have_one_answer(work: Workplace, mia: str) -> None:
    accounts.add(work, "Bo", SECRET, role=OPERATOR, by=mia)
    accounts.change(work, "Bo", active=False, by=mia)
    answers = {
        refused(work, "nobody", SECRET),
        refused(work, mia, "wrong password"),
        refused(work, "Bo", SECRET),
        refused(work, "", ""),
    }
    assert len(answers) == 1


def test_after_five_failures_a_name_waits_and_longer_each_time(work: Workplace, mia: str) -> None:
    for _ in range(accounts.FREE_FAILURES):
        refused(work, mia, "wrong password")
    refused(work, mia, SECRET, NOW + timedelta(seconds=14))
    refused(work, mia, "wrong password", NOW + timedelta(seconds=16))
    refused(work, mia, SECRET, NOW + timedelta(seconds=40))
    accounts.log_in(work, mia, SECRET, now=NOW + timedelta(seconds=47))
    accounts.log_in(work, mia, SECRET, now=NOW + timedelta(seconds=48))
    assert ("Mia", "log in refused", "Mia") in trail(work)


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (4, 0), (5, 15), (6, 30), (9, 240), (50, 900)])
def test_the_wait_grows_and_ends(failures: int, seconds: int) -> None:
    assert accounts.wait_after(failures) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seen_after", "looked_after", "alive"),
    [
        ([], timedelta(minutes=29), True),
        ([], timedelta(minutes=31), False),
        ([timedelta(minutes=20)], timedelta(minutes=45), True),
        ([timedelta(minutes=25 * n) for n in range(1, 20)], timedelta(hours=7, minutes=59), True),
        ([timedelta(minutes=25 * n) for n in range(1, 20)], timedelta(hours=8, minutes=1), False),
    ],
)
def test_a_visit_ends_when_idle_and_after_a_shift(
    work: Workplace, mia: str, seen_after: list[timedelta], looked_after: timedelta, alive: bool
) -> None:
    token = accounts.log_in(work, mia, SECRET, now=NOW).token
    for after in seen_after:
        visits.current_visit(work, token, now=NOW + after)
    assert (visits.current_visit(work, token, now=NOW + looked_after) is not None) == alive


def test_logging_out_and_an_unknown_token(work: Workplace, mia: str) -> None:
    token = accounts.log_in(work, mia, SECRET).token
    visits.log_out(work, token)
    assert visits.current_visit(work, token) is None
    assert visits.current_visit(work, "") is None


@pytest.mark.parametrize("password", ["", "short", "ninesigns", "x" * 513, "mia-the-engineer"])
def test_a_poor_password_is_refused(work: Workplace, password: str) -> None:
    with pytest.raises(InputRefused):
        accounts.add(work, "Mia-the-Engineer", password, role=ENGINEER, by="x")


@pytest.mark.parametrize("change", [{"active": False}, {"role": OPERATOR}])
def test_the_last_admin_stays(work: Workplace, mia: str, change: dict[str, object]) -> None:
    with pytest.raises(NotPermitted, match="only one"):
        accounts.change(work, mia, by=mia, **change)  # type: ignore[arg-type]
    accounts.add(work, "Bo", SECRET, role=ADMIN, by=mia)
    accounts.change(work, mia, by="Bo", **change)  # type: ignore[arg-type]


def test_a_call_looks_whether_the_visit_still_stands(work: Workplace, mia: str) -> None:
    accounts.add(work, "Bo", SECRET, role=ADMIN, by=mia)
    token = accounts.log_in(work, mia, SECRET).token
    service = Service(work, Actor(name=mia, role=ADMIN), token=token)
    assert [user.name for user in service.users()] == ["Bo", "Mia"]
    accounts.change(work, mia, role=ENGINEER, by="Bo")
    with pytest.raises(NotPermitted, match="visit"):
        service.users()


def test_users_are_kept_through_the_service(work: Workplace, mia: str) -> None:
    service = Service(work, Actor(name=mia, role=ADMIN))
    with work.registry.write() as rows:
        rows.parts.add("bolt", source_root="/bolts")
    service.add_user(name="Bo", password=SECRET, role=OPERATOR)
    assert service.assign_parts(name="Bo", parts=["bolt"]).parts == ("bolt",)
    assert service.change_user(name="Bo", role=ENGINEER).role == ENGINEER
    own = Service(work, Actor(name="Bo", role=ENGINEER))
    assert own.remember(language="ja", choices={"overlay": False}).language == "ja"
    own.change_own_password(old=SECRET, new="three other words")
    refused(work, "Bo", SECRET, datetime.now(UTC))
    assert service.check_audit().broken == ()
    assert service.audit_page(limit=1)[0].action == "change user"
