"""Who may log in: the list, a new account, and what can be changed of one."""

from __future__ import annotations

import streamlit as st

from data_registry.people_records import AccountRecord
from pipelines.services.access import ROLES as ROLE_NAMES
from ui.entrance import ROLES
from ui.error_box import errors_shown
from ui.language.words import N_, _
from ui.opening import has_plant_log_in
from ui.state import Session
from ui.widgets.empty import need

CHOSEN_KEY, TOLD_KEY = "user_chosen", "users_told"
ROUND_KEY = "users_round"  # counts what was done; part of the names of fields, which start anew with it
MAY = {
    "operator": N_("sees the parts given, draws masks, reviews"),
    "engineer": N_("all of that, and takes in, trains, generates, gates, schedules, exports"),
    "admin": N_("sees everything; keeps users, confirms, deletes"),
}


def show_users(session: Session) -> None:
    """Draw the section; where the pages are open, say how to get accounts."""
    if not session.may("users"):
        need(
            _("These pages are open, without accounts"),
            _(
                "Start them without `--open`, and make the first admin on this machine: "
                "`factory-gen user add NAME --role admin`. Only an admin keeps users here."
            ),
        )
        return
    if TOLD_KEY in st.session_state:
        st.success(st.session_state.pop(TOLD_KEY), icon=":material/check_circle:")
    users = session.service.users()
    with session.work.registry.read() as rows:
        parts = [one.name for one in rows.parts.list()]
    _list(users)
    left, right = st.columns(2)
    with left.container(border=True):
        _add(session, parts)
    with right.container(border=True):
        _change(session, users, parts)


def _list(users: list[AccountRecord]) -> None:
    st.dataframe(
        [
            {
                _("name"): one.name,
                _("role"): _(ROLES[one.role]),
                _("parts"): _("all") if one.parts is None else ", ".join(one.parts) or _("none"),
                _("state"): _("○ open") if one.active else _("✕ closed"),
                _("last log-in, UTC"): f"{one.last_log_in:%Y-%m-%d %H:%M}" if one.last_log_in else "–",
            }
            for one in users
        ],
        hide_index=True,
    )


def _add(session: Session, parts: list[str]) -> None:
    st.markdown("**" + _("New account") + "**")
    round_ = st.session_state.get(ROUND_KEY, 0)
    with st.form(f"user_add_{round_}", border=False):
        name = st.text_input(_("Name"), key=f"new_name_{round_}", autocomplete="off")
        role = st.selectbox(
            _("Role"), ROLE_NAMES, format_func=lambda one: _(ROLES[one]), key=f"new_role_{round_}"
        )
        chosen = st.multiselect(
            _("Parts; none chosen means all"), parts, key=f"new_parts_{round_}", placeholder=_("Choose")
        )
        plant = has_plant_log_in() and st.checkbox(
            _("Only by the plant's log-in; the name is the e-mail address"), key=f"new_plant_{round_}"
        )
        password = st.text_input(
            _("Password, 10 signs or more"),
            type="password",
            key=f"new_password_{round_}",
            autocomplete="new-password",
        )
        sent = st.form_submit_button(_("Add"), type="primary")
    for role_name, text in MAY.items():
        st.caption(f"**{_(ROLES[role_name])}**: {_(text)}")
    if not sent:
        return
    with errors_shown():
        made = session.service.add_user(
            name=name.strip(), password=None if plant else password, role=role, parts=chosen or None
        )
        _told(_("{name} may log in now.").format(name=made.name))


def _change(session: Session, users: list[AccountRecord], parts: list[str]) -> None:
    st.markdown("**" + _("Change an account") + "**")
    by_name = {one.name: one for one in users}
    name = st.selectbox(_("Account"), list(by_name), key=CHOSEN_KEY)
    user = by_name[name]
    with st.form(f"user_role_{user.id}", border=False):
        role = st.selectbox(
            _("Role"), ROLE_NAMES, index=ROLE_NAMES.index(user.role), format_func=lambda one: _(ROLES[one])
        )
        known = sorted({*parts, *(user.parts or ())})
        everything = st.checkbox(_("All parts"), value=user.parts is None)
        chosen = st.multiselect(
            _("Else only these"), known, default=list(user.parts or ()), placeholder=_("Choose")
        )
        save = st.form_submit_button(_("Save"))
    if save:
        with errors_shown():
            _save(session, user, role, None if everything else tuple(sorted(chosen)))
    _password(session, user)
    _open_or_close(session, user)


def _save(session: Session, user: AccountRecord, role: str, parts: tuple[str, ...] | None) -> None:
    # parts first: who takes the admin's role from oneself may not go on after that
    if parts != user.parts:
        session.service.assign_parts(name=user.name, parts=parts)
    if role != user.role:
        session.service.change_user(name=user.name, role=role)
    _told(_("{name} is changed.").format(name=user.name))


def _password(session: Session, user: AccountRecord) -> None:
    round_ = st.session_state.get(ROUND_KEY, 0)
    with st.form(f"user_password_{user.id}_{round_}", border=False):
        new = st.text_input(_("New password"), type="password", autocomplete="new-password")
        sent = st.form_submit_button(_("Set"))
    if sent:
        with errors_shown():
            session.service.change_user(name=user.name, password=new)
            _told(
                _("{name} has a new password; whoever was in under that name is out.").format(name=user.name)
            )


def _open_or_close(session: Session, user: AccountRecord) -> None:
    text = _("Close this account") if user.active else _("Open this account again")
    icon = ":material/block:" if user.active else ":material/lock_open:"
    if st.button(text, icon=icon, key=f"user_active_{user.id}"):
        with errors_shown():
            session.service.change_user(name=user.name, active=not user.active)
            _told(_("{name} is changed.").format(name=user.name))
    if user.active:
        st.caption(_("The name stays taken, so that what was signed with it keeps its meaning."))


def _told(text: str) -> None:
    """Say what was done after the page has been drawn anew, with empty fields."""
    st.session_state[ROUND_KEY] = st.session_state.get(ROUND_KEY, 0) + 1
    st.session_state[TOLD_KEY] = text
    st.rerun()
