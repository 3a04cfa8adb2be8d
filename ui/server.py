"""The web server of the dashboard: Streamlit's own, with our settings; nothing is fetched from outside.

Run as `python -m ui.server`; `factory-gen ui` does that.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from streamlit.starlette import App

from pipelines.services.plant_log_in import provider_of
from pipelines.settings import Settings, load_settings, quiet_environment
from ui.look import THEME
from ui.opening import open_to
from ui.visit_cookie import ROUTES
from ui.warm_up import begin_warm_up

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SWITCH_S = 0.001  # longest turn of a thread while others wait; Python's own is five times that


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m ui.server")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--address", default=LOOPBACK[0])
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--host-name", action="append", default=[])
    parser.add_argument("--certificate")
    parser.add_argument("--certificate-key")
    given = parser.parse_args(arguments)
    if given.open and given.address not in LOOPBACK:
        parser.error("--open is for this machine alone: leave --address out")
    settings = load_settings({}).settings
    quiet_environment(settings)
    app = make_app(settings, without_accounts=given.open)
    hosts = [*LOOPBACK, *given.host_name] if given.address in LOOPBACK else given.host_name or ["*"]
    config = _config(given.address, given.port, hosts)
    if given.certificate:
        config |= {"server.sslCertFile": given.certificate, "server.sslKeyFile": given.certificate_key}
    begin_warm_up()
    # a key at the review desk is answered in milliseconds, and must not stand behind pages that compute for longer
    sys.setswitchinterval(SWITCH_S)
    app.run(config=config)


def make_app(settings: Settings, *, without_accounts: bool) -> App:
    """The pages as a web application.

    Args:
        settings: whose HOME/log_in.toml may name the plant's own log-in.
        without_accounts: everybody who reaches it may work; only for loopback.

    Raises:
        InputRefused, UsageError: the file of the plant's log-in cannot be used.
    """
    provider = None if without_accounts else provider_of(settings)
    open_to(everybody=without_accounts, plant_log_in=provider is not None)
    script = Path(__file__).parent / "app.py"
    return App(script, routes=ROUTES, secrets=None if provider is None else {"auth": dict(provider)})


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
        "runner.postScriptGC": False,  # a full collection after each click; Python's own come when there is garbage
        **THEME,
    }


if __name__ == "__main__":
    main()
