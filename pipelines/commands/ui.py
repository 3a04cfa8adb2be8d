"""`factory-gen ui`: the pages alone, without the other services of a box."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from factory_gen.errors import InputRefused, UsageError
from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import Home
from pipelines.commands.session import settings_of
from pipelines.settings import as_environment, child_environment

LOOPBACK = ("127.0.0.1", "localhost", "::1")
Open = Annotated[
    bool,
    typer.Option(
        "--open", help="Pages without accounts, for whoever sits at this machine; on loopback alone."
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(cls=CommandHelp, epilog=EPILOG)(ui)


def ui(
    open_: Open = False,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where the pages listen.")] = 8501,
    address: Annotated[
        str, typer.Option("--address", help="Of this machine; 0.0.0.0 lets other machines in.")
    ] = LOOPBACK[0],
    host_name: Annotated[
        list[str] | None,
        typer.Option("--host-name", help="A name by which browsers may call it; several times for more."),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", help="PEM file: the line is encrypted.", show_default=False),
    ] = None,
    certificate_key: Annotated[
        Path | None, typer.Option("--certificate-key", help="PEM file of its key.", show_default=False)
    ] = None,
    home: Home = None,
) -> None:
    """Serve the pages until Ctrl+C. Who comes has to log in, unless they are open.

    The first admin is made with `factory-gen user add NAME --role admin`.
    """
    settings = settings_of(home=home)
    words = [*address_words(port, address, host_name or (), open_=open_)]
    if (certificate is None) != (certificate_key is None):
        raise UsageError(
            expected="--certificate and --certificate-key together", found="one of them", action="Give both."
        )
    if certificate is not None and certificate_key is not None:
        words += ["--certificate", _there(certificate), "--certificate-key", _there(certificate_key)]
    elif address not in LOOPBACK:
        print(
            "Passwords and pictures cross the network unencrypted: give --certificate and --certificate-key, or put "
            "a web server that encrypts in front.",
            file=sys.stderr,
        )
    print(f"pages: http{'s' if certificate else ''}://{address}:{port}", file=sys.stderr, flush=True)
    serve(words, child_environment(as_environment(settings)))


def address_words(
    port: int, address: str, host_names: list[str] | tuple[str, ...], *, open_: bool
) -> list[str]:
    """The options of the web server.

    Raises:
        UsageError: open to more than this machine.
    """
    if open_ and address not in LOOPBACK:
        raise UsageError(
            expected=f"--open with an address of this machine alone ({', '.join(LOOPBACK)})",
            found=address,
            action="Leave --open out and make accounts: `factory-gen user add NAME --role admin`.",
        )
    words = ["--port", str(port), "--address", address]
    for name in host_names:
        words += ["--host-name", name]
    return [*words, "--open"] if open_ else words


def serve(words: list[str], environment: dict[str, str]) -> None:
    """Become the web server: another program in this process's place, since jobs know no pages."""
    # -P: a folder named `ui` where this was called must not be taken for ours
    os.execve(sys.executable, [sys.executable, "-P", "-m", "ui.server", *words], environment)


def _there(path: Path) -> str:
    if not path.is_file():
        raise InputRefused(expected=f"a PEM file at {path}", found="none", action="Check the path.")
    return str(path.absolute())
