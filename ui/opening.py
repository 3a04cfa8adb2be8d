"""How this process was opened to people: with accounts, or without them to this machine alone.

Set once by `ui.server` before the first page is drawn.
"""

from __future__ import annotations

_without_accounts = False
_plant_log_in = False


def open_to(*, everybody: bool, plant_log_in: bool) -> None:
    """Say who comes in: everybody on this machine (only on loopback), or people with an account."""
    global _plant_log_in
    open_without_accounts(everybody)
    _plant_log_in = plant_log_in


def open_without_accounts(wanted: bool) -> None:
    """Let everybody on this machine in as the open role (only where the server listens on loopback)."""
    global _without_accounts
    _without_accounts = wanted


def is_open() -> bool:
    """Whether accounts are not asked for."""
    return _without_accounts


def has_plant_log_in() -> bool:
    """Whether the plant's own log-in was configured."""
    return _plant_log_in
