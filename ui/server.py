"""The web server of the dashboard: Streamlit's own, with our settings; nothing is fetched from outside.

Run as `python -m ui.server`; `factory-gen ui` does that.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from streamlit.starlette import App

from pipelines.settings import load_settings, quiet_environment
from ui.look import THEME
from ui.opening import open_without_accounts

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m ui.server")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--address", default=LOOPBACK[0])
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--host-name", action="append", default=[])
    given = parser.parse_args(arguments)
    if given.open and given.address not in LOOPBACK:
        parser.error("--open is for this machine alone: leave --address out")
    open_without_accounts(given.open)
    quiet_environment(load_settings({}).settings)
    hosts = [*LOOPBACK, *given.host_name] if given.address in LOOPBACK else given.host_name or ["*"]
    App(Path(__file__).parent / "app.py").run(config=_config(given.address, given.port, hosts))


def _config(address: str, port: int, hosts: list[str]) -> dict[str, object]:
    return {
        "server.address": address,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.enableStaticServing": True,
        "server.allowedHosts": hosts,
        "server.maxUploadSize": 2000,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": address,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "logger.level": "warning",
        **THEME,
    }


if __name__ == "__main__":
    main()
