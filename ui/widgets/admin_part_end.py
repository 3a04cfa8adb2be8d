"""The end of a part: everything that is derived from it is listed first and destroyed on a second word."""

from __future__ import annotations

import streamlit as st

from pipelines.delete_part import DeleteReport
from ui.error_box import errors_shown
from ui.language.words import _
from ui.state import Session
from ui.widgets.admin_box import size_text

LIST_KEY = "part_end_list"


def show_part_end(session: Session) -> None:
    """Draw the section."""
    if session.part is None:
        st.caption(_("There is no part yet"))
        return
    name = session.part.name
    st.markdown(
        _(
            "Pictures, masks, models, samples, reviews, verdicts and unchanged exports of **{part}** are destroyed "
            "for good. Who did what stays in the audit trail, with counts alone. The part is the one chosen on "
            "the left."
        ).format(part=name)
    )
    if st.button(_("List what would go"), icon=":material/list:"):
        with st.spinner(_("Counting")):
            st.session_state[LIST_KEY] = session.service.look_at_part_end(part=name)
    report = st.session_state.get(LIST_KEY)
    if report is None or report.part != name:
        return
    _listed(report)
    with st.form("part_end"):
        typed = st.text_input(_("Type the name of the part to destroy it"), placeholder=name)
        sure = st.form_submit_button(_("Destroy"), icon=":material/delete_forever:")
    if sure and typed != name:
        st.error(_("That is not its name."))
    elif sure:
        with errors_shown():
            session.service.delete_part(part=name)
            del st.session_state[LIST_KEY]
            st.rerun()


def _listed(report: DeleteReport) -> None:
    rows = [
        {_("what"): name.replace("_", " "), _("rows"): count} for name, count in report.rows.items() if count
    ]
    left, right = st.columns(2)
    left.dataframe(rows, hide_index=True)
    with right:
        st.metric(_("Stored files"), f"{report.blobs:,}", border=True)
        st.metric(_("Takes up"), size_text(report.bytes), border=True)
    for title, lines in (
        (_("Folders"), report.folders),
        (_("Exports that go too"), report.exports),
        (_("Not touched"), report.left),
    ):
        if lines:
            with st.expander(f"{title} ({len(lines)})"):
                st.text("\n".join(lines))
