"""The plant's own log-in (OpenID Connect): what it needs to be told, and whose account a person has who comes from it.

The provider says who somebody is; the registry says what the person may do. An account belongs to the e-mail address
that is its name, and nobody gets one by having logged in elsewhere.
"""

from __future__ import annotations

import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory_gen.errors import InputRefused
from pipelines.config_file import read_toml, unknown_key
from pipelines.errors import NotPermitted
from pipelines.services.visits import LoggedIn, come_in
from pipelines.settings import Settings
from pipelines.wiring import Workplace

FILE = "log_in.toml"
KEYS = ("redirect_uri", "client_id", "client_secret", "server_metadata_url")


def provider_of(settings: Settings) -> dict[str, str] | None:
    """What Streamlit's `st.login` needs of the plant's provider; None where HOME/log_in.toml is not there.

    Its cookie is signed with a secret of this process alone: it only has to last until our own visit begins.

    Raises:
        InputRefused: the file is open to others, or a value is missing.
        UsageError: an unknown key.
    """
    path = settings.home / FILE
    if not path.is_file():
        return None
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputRefused(
            expected=f"{path} open to its owner alone, since it holds a secret",
            found=f"access rights {stat.filemode(path.stat().st_mode)}",
            action=f"Run `chmod 600 {path}`.",
        )
    return {"cookie_secret": secrets.token_urlsafe(32), **_checked(path, read_toml(path))}


def come_in_from_plant(work: Workplace, claims: Mapping[str, Any]) -> LoggedIn:
    """Begin the visit of somebody whom the plant's provider has let in.

    Args:
        work: where the registry is.
        claims: what the provider says of the person; "email" counts, and "email_verified" where it is given.

    Raises:
        NotPermitted: no address, one that is not verified, no account of that name, or a closed one.
    """
    mail = str(claims.get("email") or "").strip()
    if not mail or claims.get("email_verified") in (False, "false"):
        raise NotPermitted(
            expected="a verified e-mail address from the plant's log-in",
            found=f"{mail}, not verified" if mail else "no address",
            action="Ask those who run the plant's log-in to send the claim `email` to this program.",
        )
    with work.registry.read() as rows:
        found = rows.accounts.find(mail)
    if found is None or not found[0].active:
        raise NotPermitted(
            expected=f"an account by the name of {mail}",
            found="no such account" if found is None else "a closed one",
            action="Ask an admin: the page Administration adds it, or "
            f"`factory-gen user add {mail} --role ROLE --no-password`.",
        )
    return come_in(work, found[0], by="plant account")


def _checked(path: Path, given: Mapping[str, Any]) -> dict[str, str]:
    for name in given:
        if name not in KEYS:
            raise unknown_key(f"{path}: {name}", name, KEYS)
    missing = [name for name in KEYS if not isinstance(given.get(name), str) or not given[name]]
    if missing:
        raise InputRefused(
            expected=f"{', '.join(KEYS)} as text in {path}",
            found=f"nothing for {', '.join(missing)}",
            action="Add them; the how-to page about accounts says where they come from.",
        )
    return {name: str(given[name]) for name in KEYS}
