"""The frame of every page: who looks, which part, which language, the navigation, the one error box.

Streamlit runs this file anew for each click. Whoever has to log in sees the entrance, whatever the address.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import streamlit as st

from data_registry.records import PartRecord
from pipelines.services.access import OPEN, Actor, allowed
from pipelines.services.service import Service
from pipelines.wiring import Workplace
from ui.cache import workplace
from ui.entrance import actor_of, show_entrance, visit_of_visitor, watch_visit
from ui.error_box import errors_shown, show_error
from ui.language.words import LANGUAGES, _, current_language, first_language, use_language
from ui.look import STYLE
from ui.opening import is_open
from ui.own_account import own_account
from ui.pages_table import PageEntry, present
from ui.state import PAGES_KEY, Session
from ui.visit_cookie import token_of_visitor

ICON = Path(__file__).parent / "icon.png"  # a named icon would be fetched from outside
PART_KEY, CHOSEN_LANGUAGE_KEY = "part", "chosen_language"
FIRST_PAGE_KEY = "first_page"  # what the bare address shows


def main() -> None:
    """Draw one page for one visitor."""
    st.set_page_config(page_title="factory_gen", page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    use_language(first_language())
    try:
        work = workplace()
    except Exception as error:  # noqa: BLE001  without a workplace there is nothing but the box
        show_error(error)
        return
    with errors_shown():
        if is_open():
            _draw(work, Actor(name=_("this machine"), role=OPEN))
        else:
            _draw_for_visitor(work)


def _draw_for_visitor(work: Workplace) -> None:
    visit = visit_of_visitor(work)
    if visit is None:
        _draw_entrance(work)
        return
    if visit.account.language and CHOSEN_LANGUAGE_KEY not in st.session_state:
        use_language(visit.account.language)
    token = token_of_visitor()
    watch_visit(work, token)
    _draw(work, actor_of(visit), token)


def _draw_entrance(work: Workplace) -> None:
    """The entrance at every address, so that the page that was asked for comes after it."""

    def draw() -> None:
        with errors_shown():
            show_entrance(work)

    pages = [
        st.Page(draw, title="factory_gen", url_path=entry.name, default=entry.name == "home")
        for entry in present()
    ]
    st.navigation(pages, position="hidden").run()


def _draw(work: Workplace, actor: Actor, token: str = "") -> None:
    session = _session(work, actor, token)
    pages: dict[str, list[st.Page]] = {}
    by_name: dict[str, st.Page] = {}
    for entry in present():
        if allowed(actor.role, entry.action):
            drawn = st.Page(
                _drawing(entry, session),
                title=_(entry.title),
                icon=entry.icon,
                url_path=entry.name,
                default=entry.name == st.session_state.get(FIRST_PAGE_KEY, "home"),
            )
            pages.setdefault(_(entry.group) if entry.group else "", []).append(drawn)
            by_name[entry.name] = drawn
    st.session_state[PAGES_KEY] = by_name
    st.navigation(pages).run()


def _drawing(entry: PageEntry, session: Session) -> Callable[[], None]:
    def draw() -> None:
        with errors_shown():
            import_module(entry.module).show(session)

    return draw


def _session(work: Workplace, actor: Actor, token: str) -> Session:
    service = Service(work, actor, token=token)
    with st.sidebar:
        left, right = st.columns([3, 2], gap="xsmall")
        with left:
            part = _choose_part(work, actor)
        with right:
            _choose_language(service)
        session = Session(work=work, service=service, part=part, language=current_language())
        own_account(session)
    return session


def _choose_part(work: Workplace, actor: Actor) -> PartRecord | None:
    with work.registry.read() as rows:
        parts = {one.name: one for one in rows.parts.list() if actor.parts is None or one.name in actor.parts}
    if not parts:
        return None
    if st.session_state.get(PART_KEY) not in parts:
        wanted = st.query_params.get("part", work.settings.part)
        st.session_state[PART_KEY] = wanted if wanted in parts else next(iter(parts))
    name = st.selectbox(_("Part"), list(parts), key=PART_KEY)
    st.query_params["part"] = name
    return parts[name]


def _choose_language(service: Service) -> None:
    st.session_state.setdefault(CHOSEN_LANGUAGE_KEY, current_language())
    chosen = st.selectbox(
        _("Language"), list(LANGUAGES), format_func=LANGUAGES.__getitem__, key=CHOSEN_LANGUAGE_KEY
    )
    if chosen != current_language():
        use_language(chosen)
        if allowed(service.actor.role, "own account"):
            service.remember(language=chosen)
        st.rerun()


main()
