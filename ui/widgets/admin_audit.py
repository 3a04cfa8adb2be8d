"""The audit trail: newest first, a page at a time by its number, and a check of its chain."""

from __future__ import annotations

import json

import streamlit as st

from data_registry.watch_records import AuditRecord
from ui.language.words import _
from ui.state import Session

PAGE = 50
BEFORE_KEY, ACTOR_KEY, CHECK_KEY = "audit_before", "audit_actor", "audit_check"


def show_audit(session: Session) -> None:
    """Draw the section."""
    st.caption(
        _(
            "Who did what and when. Nothing in it is ever changed: each event carries the hash of the one before "
            "it, and a check finds what was changed, dropped or added past the program."
        )
    )
    _check(session)
    who = st.text_input(
        _("Only what this person did"), key=ACTOR_KEY, on_change=_first_page, placeholder=_("everybody")
    ).strip()
    pages: list[int] = st.session_state.setdefault(BEFORE_KEY, [])
    before = pages[-1] if pages else None
    found = session.service.audit_page(limit=PAGE + 1, before_id=before, actor=who or None)
    if not found and not pages:
        st.caption(_("Nothing yet."))
        return
    _table(found[:PAGE])
    newer, older, _rest = st.columns([1, 1, 3])
    if newer.button(_("Newer"), icon=":material/arrow_back:", disabled=not pages, width="stretch"):
        pages.pop()
        st.rerun()
    if older.button(
        _("Older"), icon=":material/arrow_forward:", disabled=len(found) <= PAGE, width="stretch"
    ):
        pages.append(found[PAGE - 1].id)
        st.rerun()


def _first_page() -> None:
    st.session_state[BEFORE_KEY] = []


def _table(found: list[AuditRecord]) -> None:
    st.dataframe(
        [
            {
                _("number"): one.id,
                _("when, UTC"): f"{one.created_at:%Y-%m-%d %H:%M:%S}",
                _("who"): one.actor,
                _("did what"): one.action,
                _("to what"): one.subject,
                _("details"): json.dumps(one.details, ensure_ascii=False) if one.details else "",
            }
            for one in found
        ],
        hide_index=True,
        height="content",
        column_config={_("number"): st.column_config.NumberColumn(format="%d", width="small")},
    )


def _check(session: Session) -> None:
    if st.button(_("Check the chain"), icon=":material/link:", key="audit_check_button"):
        with st.spinner(_("Going along the chain")):
            st.session_state[CHECK_KEY] = session.service.check_audit()
    state = st.session_state.get(CHECK_KEY)
    if state is None:
        return
    if state.broken:
        st.error(_("▲ The trail is not what was written:"), icon=":material/link_off:")
        st.dataframe(
            [{_("number"): one.event_id, _("what is wrong"): one.fault} for one in state.broken[:100]],
            hide_index=True,
        )
    else:
        st.success(
            _("○ {count} events, each as it was written.").format(count=f"{state.events:,}"),
            icon=":material/link:",
        )
    st.caption(
        _(
            "Whoever may rewrite the whole database could rewrite the chain with it. Note this hash down somewhere "
            "else; the chain must still lead to it later:"
        )
    )
    st.code(state.head, language=None)
