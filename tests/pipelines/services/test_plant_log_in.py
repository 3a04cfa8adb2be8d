"""Who comes from the plant's own log-in: the account by the name of the address, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factory_gen.errors import UsageError
from pipelines.errors import NotPermitted
from pipelines.services import accounts, visits
from pipelines.services.access import ENGINEER
from pipelines.services.plant_log_in import FILE, come_in_from_plant, provider_of
from pipelines.wiring import Workplace
from tests.pipelines.drawn_part import workplace

MAIL = "kim@plant.example"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workplace]:
    with workplace(tmp_path) as opened:
        accounts.add(opened, MAIL, None, role=ENGINEER, by="test")
        yield opened


@pytest.mark.parametrize("claims", [{"email": MAIL}, {"email": MAIL.upper(), "email_verified": True}])
def test_an_address_that_is_an_account_comes_in(work: Workplace, claims: dict[str, Any]) -> None:
    came = come_in_from_plant(work, claims)
    visit = visits.standing_visit(work, came.token)
    assert visit is not None and visit.account.name == MAIL
    with work.registry.read() as rows:
        assert rows.audit.recent(1)[0].details == {"by": "plant account"}


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({}, "verified e-mail address"),
        ({"email": MAIL, "email_verified": False}, "not verified"),
        ({"email": "stranger@plant.example"}, "an account by the name of stranger@plant.example"),
    ],
)
def test_others_are_told_why_not(work: Workplace, claims: dict[str, Any], said: str) -> None:
    with pytest.raises(NotPermitted, match=said):
        come_in_from_plant(work, claims)


def test_a_closed_account_stays_closed(work: Workplace) -> None:
    accounts.change(work, MAIL, active=False, by="test")
    with pytest.raises(NotPermitted, match="closed"):
        come_in_from_plant(work, {"email": MAIL})


def test_an_account_without_a_password_has_none_that_could_be_guessed(work: Workplace) -> None:
    for guess in ("", MAIL, "None", "none"):
        with pytest.raises(NotPermitted):
            accounts.log_in(work, MAIL, guess)


def test_the_file_is_checked(work: Workplace) -> None:
    assert provider_of(work.settings) is None
    file = work.settings.home / FILE
    file.write_text('redirect_url = "x"\n')
    file.chmod(0o600)
    with pytest.raises(UsageError, match="redirect_uri"):
        provider_of(work.settings)
    file.write_text("".join(f'{name} = "x"\n' for name in ("redirect_uri", "client_id", "client_secret")))
    with file.open("a") as text:
        text.write('server_metadata_url = "x"\n')
    first, second = provider_of(work.settings), provider_of(work.settings)
    assert first is not None and second is not None
    assert first["cookie_secret"] != second["cookie_secret"]
