"""Who comes in: the page before all others, where somebody proves who it is."""

from __future__ import annotations

import streamlit as st

from data_registry.people_records import VisitRecord
from pipelines.errors import NotPermitted
from pipelines.services.access import ADMIN, Actor
from pipelines.services.accounts import log_in
from pipelines.services.plant_log_in import come_in_from_plant
from pipelines.services.visits import current_visit, standing_visit
from pipelines.wiring import Workplace
from ui.error_box import errors_shown, refusal_rows
from ui.language.words import LANGUAGES, N_, _, current_language, use_language
from ui.opening import has_plant_log_in
from ui.visit_cookie import fetch_cookie, token_of_visitor

REMARK_KEY = "entrance_remark"
LANGUAGE_KEY = "entrance_language"
LOOK_EVERY_S = 30.0
ROLES = {"operator": N_("operator"), "engineer": N_("engineer"), "admin": N_("admin")}
ENDED = N_(
    "Your visit has ended. It does so when you log out, after half an hour without a click, and after 8 hours."
)
LEFT = N_("You have logged out.")
NEW_PASSWORD = N_("Your password is changed. Log in with the new one.")


def visit_of_visitor(work: Workplace) -> VisitRecord | None:
    """The visit that this browser's cookie names, kept alive; None for whoever has to log in."""
    token = token_of_visitor()
    visit = current_visit(work, token) if token else None
    if visit is None and token and REMARK_KEY not in st.session_state:
        leave(ENDED)
    return visit


def actor_of(visit: VisitRecord) -> Actor:
    """In whose name this visitor's calls are made."""
    return Actor(name=visit.account.name, role=visit.account.role, parts=visit.account.parts)


def leave(remark: str) -> None:
    """Forget what this visitor's page knew, and say why on the page that follows."""
    language = current_language()
    st.session_state.clear()
    use_language(language)
    st.session_state[REMARK_KEY] = remark


@st.fragment(run_every=LOOK_EVERY_S)
def watch_visit(work: Workplace, token: str) -> None:
    """Clear the screen soon after a visit has ended, although nobody clicks; looking does not keep it alive."""
    with errors_shown():
        if standing_visit(work, token) is None:
            st.rerun()


def show_entrance(work: Workplace) -> None:
    """Draw the page for whoever has to log in."""
    # who has just left would see the place of the navigation, empty
    st.html("<style>[data-testid='stSidebar'], [data-testid='stExpandSidebarButton'] {display: none}</style>")
    _left, middle, _right = st.columns([1, 2, 1])
    with middle:
        _choose_language()
        st.title("factory_gen")
        remark = st.session_state.get(REMARK_KEY)
        if remark is not None:
            st.info(_(remark), icon=":material/info:")
        with work.registry.read() as rows:
            admins = rows.accounts.count(role=ADMIN)
        if not admins:
            _no_admin()
            return
        _password_form(work)
        if has_plant_log_in():
            _plant(work)


def _choose_language() -> None:
    st.session_state.setdefault(LANGUAGE_KEY, current_language())
    chosen = st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=LANGUAGE_KEY,
        label_visibility="collapsed",
    )
    if chosen is not None and chosen != current_language():
        use_language(chosen)
        st.rerun()


def _no_admin() -> None:
    with st.container(border=True):
        st.markdown("#### :material/person_add: " + _("Nobody can log in yet"))
        st.markdown(
            _("The first admin is made on the machine itself, with the settings this server runs with:")
        )
        st.code("factory-gen user add NAME --role admin", language="sh")
        st.markdown(
            _(
                "Then load this page anew. To try the pages without accounts, on this machine alone, start them with "
                "`factory-gen ui --open`."
            )
        )


def _password_form(work: Workplace) -> None:
    with st.form("log_in", enter_to_submit=True):
        name = st.text_input(_("Name"), autocomplete="username", key="log_in_name")
        password = st.text_input(
            _("Password"), type="password", autocomplete="current-password", key="log_in_password"
        )
        sent = st.form_submit_button(_("Log in"), type="primary", width="stretch")
    if not sent:
        return
    try:
        came = log_in(work, name.strip(), password)
    except NotPermitted:
        st.error(
            _(
                "This name and password do not let anybody in. After five failures within a quarter of an hour each "
                "further try has to wait, up to 15 minutes. An admin can set a new password."
            ),
            icon=":material/block:",
        )
        return
    fetch_cookie(came.token)
    st.caption(_("Coming in ..."))


def _plant(work: Workplace) -> None:
    """The plant's own log-in: its provider says who it is, the registry what the person may do."""
    if not st.user.is_logged_in:
        if st.button(_("Log in with the plant's account"), icon=":material/badge:", width="stretch"):
            st.login()
        return
    try:
        came = come_in_from_plant(work, st.user.to_dict())
    except NotPermitted as refusal:
        st.error(_("The plant's log-in has let you in, but this program does not."), icon=":material/block:")
        refusal_rows(refusal.expected, refusal.found, refusal.action)
        if st.button(_("Log in as somebody else")):
            st.logout()
        return
    fetch_cookie(came.token)
    st.caption(_("Coming in ..."))
