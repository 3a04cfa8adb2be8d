"""How a visit outlives a reload: its token lies in a cookie that scripts cannot read and other sites cannot send.

Streamlit's pages cannot set such a cookie themselves. A page that has let somebody in hands the browser a ticket, good
once and for a minute; the browser posts it to this server, which answers with the cookie and with nothing else.
"""

from __future__ import annotations

import json
import secrets
import time
from threading import Lock

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

COOKIE = "factory_gen_visit"
PATH = "/visit"
TICKET_S = 60.0
LONGEST_TICKET = 100
PLANT_COOKIES = (
    "_streamlit_user"  # Streamlit's own, of the plant's log-in: 30 days, so they are given up at once
)

_tickets: dict[str, tuple[str, float]] = {}
_lock = Lock()


def token_of_visitor() -> str:
    """The token that this visitor's browser sent when the page was loaded; empty without one."""
    return st.context.cookies.get(COOKIE, "")


def ticket_for(token: str, *, now: float | None = None) -> str:
    """A ticket that can be exchanged for the cookie of this visit once, for `TICKET_S` seconds."""
    moment = time.monotonic() if now is None else now
    ticket = secrets.token_urlsafe(32)
    with _lock:
        for old in [one for one, (_token, until) in _tickets.items() if until < moment]:
            del _tickets[old]
        _tickets[ticket] = (token, moment + TICKET_S)
    return ticket


def fetch_cookie(token: str) -> None:
    """Let the browser exchange a ticket for the cookie and load the page anew; for the page that has let one in."""
    ticket, path = json.dumps(ticket_for(token)), json.dumps(PATH)
    st.html(
        f"<script>fetch({path}, {{method: 'POST', body: {ticket}}})"
        ".then((answer) => answer.ok && window.location.reload());</script>",
        unsafe_allow_javascript=True,
    )


async def exchange(request: Request) -> Response:
    """Answer a ticket with the cookie of its visit; everything else with 403."""
    # browsers say where a request comes from; one from another site is never ours
    own = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    size = request.headers.get("content-length", "")
    fits = size.isascii() and size.isdigit() and int(size) <= LONGEST_TICKET
    token = _redeem(await request.body()) if own and fits else None
    if token is None:
        return Response(status_code=403)
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE, token, httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/"
    )
    for name in request.cookies:
        if name.startswith(PLANT_COOKIES):
            answer.delete_cookie(name, path="/")
    return answer


def _redeem(ticket: bytes) -> str | None:
    with _lock:
        token, until = _tickets.pop(ticket.decode("ascii", "replace"), ("", 0.0))
    return token if token and time.monotonic() <= until else None


ROUTES = (Route(PATH, exchange, methods=["POST"]),)
