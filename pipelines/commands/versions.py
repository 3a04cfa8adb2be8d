"""`factory-gen versions` and `delete`: frozen data sets side by side, and a part with everything derived from it."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pipelines.commands.help import EPILOG, CommandHelp, GroupHelp
from pipelines.commands.options import AsJson, Home, Part
from pipelines.commands.output import show
from pipelines.commands.schedule import By, who
from pipelines.commands.session import open_session, writing


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    versions = typer.Typer(cls=GroupHelp, help="Frozen data set versions.", epilog=EPILOG)
    versions.command("list", cls=CommandHelp, epilog=EPILOG)(versions_list)
    versions.command("diff", cls=CommandHelp, epilog=EPILOG)(versions_diff)
    app.add_typer(versions, name="versions")
    delete = typer.Typer(cls=GroupHelp, help="Destroy what is not wanted any more.", epilog=EPILOG)
    delete.command("part", cls=CommandHelp, epilog=EPILOG)(delete_part)
    # With one command alone typer would leave the group out.
    delete.callback()(_delete)
    app.add_typer(delete, name="delete")


def _delete() -> None:
    """Destroy what is not wanted any more."""


def versions_list(part: Part = None, home: Home = None, as_json: AsJson = False) -> None:
    """List a part's data set versions with their hashes."""
    with open_session({"home": home}, quiet=True) as session:
        name = session.part(part)
        from pipelines import versions as job

        report = job.list_versions(session.work, name)
    show(report, as_json=as_json)


def versions_diff(
    first: Annotated[int, typer.Argument(help="Number of the one version.", show_default=False)],
    second: Annotated[int, typer.Argument(help="Number of the other version.", show_default=False)],
    part: Part = None,
    kind: Annotated[
        Literal["catalogue", "synthetic"], typer.Option("--kind", help="The plant's pictures, or ours.")
    ] = "catalogue",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say what the second version has more, has less, and has otherwise than the first."""
    with open_session({"home": home}, quiet=True) as session:
        name = session.part(part)
        from pipelines import versions as job

        report = job.diff(session.work, name, first, second, kind=kind)
    show(report, as_json=as_json)


def delete_part(
    name: Annotated[str, typer.Argument(help="The part.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Destroy it; without, it is only listed.")] = False,
    by: By = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List everything that is derived from a part; with --yes, destroy it. The trail of who did what stays."""
    with open_session({"home": home}, quiet=True) as session:
        from pipelines import delete_part as job

        with writing(session, name, "delete part"):
            report = job.run(session.work, name, actor=who(by), sure=yes)
    show(report, as_json=as_json)
