"""The visitor's own account, beside the part: who is in, a new password, the way out."""

from __future__ import annotations

import streamlit as st

from ui.entrance import LEFT, NEW_PASSWORD, ROLES, leave
from ui.error_box import errors_shown
from ui.language.words import _
from ui.state import Session


def own_account(session: Session) -> None:
    """Draw the box; without accounts, say that the pages are open."""
    if not session.may("own account"):
        st.caption(":material/lock_open: " + _("Open without accounts, for this machine alone."))
        return
    role = _(ROLES[session.actor.role])
    name = _escaped(session.actor.name)
    # one line until it is opened, so that the pages below stay on the screen
    with st.popover(f"{name} · {role}", icon=":material/person:", width="stretch"):
        if st.button(_("Log out"), icon=":material/logout:", width="stretch", key="log_out"):
            session.service.log_out()
            leave(LEFT)
            st.rerun()
        with st.expander(_("New password")):
            _new_password(session)


def _new_password(session: Session) -> None:
    with st.form("own_password", border=False):
        old = st.text_input(_("Present password"), type="password", autocomplete="current-password")
        new = st.text_input(
            _("New one, 10 signs or more"), type="password", autocomplete="new-password", key="own_new"
        )
        again = st.text_input(
            _("New one again"), type="password", autocomplete="new-password", key="own_again"
        )
        sent = st.form_submit_button(_("Change"))
    if not sent:
        return
    if new != again:
        st.error(_("The two new ones differ."))
        return
    with errors_shown():
        session.service.change_own_password(old=old, new=new)
        leave(NEW_PASSWORD)
        st.rerun()


def _escaped(name: str) -> str:
    """A name as text, whatever signs of Markdown are in it."""
    return "".join(f"\\{sign}" if not sign.isalnum() and sign != " " else sign for sign in name)
