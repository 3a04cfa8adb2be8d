"""`factory-gen user`: who may log in to the pages. Passwords come from a prompt or from stdin, never from the call."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from factory_gen.errors import UsageError
from pipelines.commands.help import EPILOG, CommandHelp, GroupHelp
from pipelines.commands.options import AsJson, Home
from pipelines.commands.output import show, stdout_console, table
from pipelines.commands.schedule import By, who
from pipelines.commands.session import open_session

if TYPE_CHECKING:
    from data_registry.people_records import AccountRecord

Name = Annotated[str, typer.Argument(help="The person's name.", show_default=False)]
Role = Literal["operator", "engineer", "admin"]
Parts = Annotated[
    list[str] | None,
    typer.Option("--part", help="A part that the person works on; several times for more, all without."),
]
WITHOUT = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReport:
    """One account as the command line shows it; `parts` is "all" or their names."""

    name: str
    role: str
    parts: str
    may_log_in: bool
    last_log_in: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersReport:
    """All accounts."""

    users: tuple[UserReport, ...]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    user = typer.Typer(cls=GroupHelp, help="Who may log in to the pages, and as what.", epilog=EPILOG)
    for name, command in (
        ("add", user_add),
        ("list", user_list),
        ("role", user_role),
        ("parts", user_parts),
        ("password", user_password),
        ("disable", user_disable),
        ("enable", user_enable),
    ):
        user.command(name, cls=CommandHelp, epilog=EPILOG)(command)
    app.add_typer(user, name="user")


def user_add(
    name: Name,
    role: Annotated[Role, typer.Option("--role", help="operator, engineer or admin.", show_default=False)],
    part: Parts = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Only the plant's own log-in lets this person in.")
    ] = False,
    by: By = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make an account. The first admin can only be made here.

    The password is asked for twice; from a pipe, its first line is read.
    """
    secret = None if no_password else read_password(name)
    with open_session({"home": home}, quiet=True) as session:
        from pipelines.services import accounts

        made = accounts.add(session.work, name, secret, role=role, parts=part or None, by=who(by))
    show(report_of(made), as_json=as_json)


def user_list(home: Home = None, as_json: AsJson = False) -> None:
    """List the accounts."""
    with open_session({"home": home}, quiet=True) as session, session.work.registry.read() as rows:
        report = UsersReport(users=tuple(report_of(one) for one in rows.accounts.list()))
    if as_json:
        show(report, as_json=True)
        return
    if not report.users:
        print("There is no account yet. `factory-gen user add NAME --role admin` makes the first.")
        return
    rows_shown = [
        (one.name, one.role, one.parts, "yes" if one.may_log_in else "no", one.last_log_in)
        for one in report.users
    ]
    stdout_console().print(table(("name", "role", "parts", "may log in", "last log-in"), rows_shown))


def user_role(
    name: Name,
    role: Annotated[Role, typer.Argument(help="operator, engineer or admin.", show_default=False)],
    by: By = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Give a person another role; it counts from the next click."""
    with open_session({"home": home}, quiet=True) as session:
        from pipelines.services import accounts

        changed = accounts.change(session.work, name, role=role, by=who(by))
    show(report_of(changed), as_json=as_json)


def user_parts(
    name: Name,
    parts: Annotated[list[str], typer.Argument(help="Names of parts; `all`, or `none`.", show_default=False)],
    by: By = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say which parts a person sees and works on."""
    only = None if parts == ["all"] else [] if parts == [WITHOUT] else parts
    with open_session({"home": home}, quiet=True) as session:
        from pipelines.services import accounts

        changed = accounts.set_parts(session.work, name, only, by=who(by))
    show(report_of(changed), as_json=as_json)


def user_password(name: Name, by: By = None, home: Home = None, as_json: AsJson = False) -> None:
    """Set a person's password anew; whoever is in under that name is out."""
    with open_session({"home": home}, quiet=True) as session:
        with session.work.registry.read() as rows:
            rows.accounts.get(name)
        from pipelines.services import accounts

        changed = accounts.change(session.work, name, password=read_password(name), by=who(by))
    show(report_of(changed), as_json=as_json)


def user_disable(name: Name, by: By = None, home: Home = None, as_json: AsJson = False) -> None:
    """Close an account: the person is out at once. The name stays taken, so that records keep their meaning."""
    _set_active(name, False, by, home, as_json)


def user_enable(name: Name, by: By = None, home: Home = None, as_json: AsJson = False) -> None:
    """Open a closed account again."""
    _set_active(name, True, by, home, as_json)


def read_password(name: str) -> str:
    """The new password: asked for twice on a terminal, else the first line of stdin.

    Raises:
        UsageError: the two differ, or stdin is empty.
    """
    if not sys.stdin.isatty():
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise UsageError(
                expected="the password as the first line of stdin",
                found="nothing",
                action="Pipe it in from a file that only you can read, or run this on a terminal.",
            )
        return line
    first = getpass.getpass(f"New password of {name}: ")
    if first != getpass.getpass("The same again: "):
        raise UsageError(expected="the same password twice", found="two different ones", action="Try again.")
    return first


def report_of(account: AccountRecord) -> UserReport:
    """The account without what is not to be shown."""
    return UserReport(
        name=account.name,
        role=account.role,
        parts="all" if account.parts is None else ", ".join(account.parts) or WITHOUT,
        may_log_in=account.active,
        last_log_in=account.last_log_in,
    )


def _set_active(name: str, active: bool, by: str | None, home: Home, as_json: bool) -> None:
    with open_session({"home": home}, quiet=True) as session:
        from pipelines.services import accounts

        changed = accounts.change(session.work, name, active=active, by=who(by))
    show(report_of(changed), as_json=as_json)
