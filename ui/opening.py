"""How this process was opened to people: with accounts, or without them to this machine alone.

Set once by `ui.server` before the first page is drawn.
"""

from __future__ import annotations

_without_accounts = False


def open_without_accounts(wanted: bool) -> None:
    """Let everybody on this machine in as the open role (only where the server listens on loopback)."""
    global _without_accounts
    _without_accounts = wanted


def is_open() -> bool:
    """Whether accounts are not asked for."""
    return _without_accounts
