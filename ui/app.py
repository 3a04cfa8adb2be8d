"""The frame of every page: who looks, which part, which language, the navigation, the one error box.

Streamlit runs this file anew for each click.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import streamlit as st

from data_registry.records import PartRecord
from pipelines.access import OPEN, Actor, allowed
from pipelines.service import Service
from pipelines.wiring import Workplace
from ui.cache import workplace
from ui.error_box import errors_shown, show_error
from ui.language.words import LANGUAGES, _, current_language, use_language
from ui.pages_table import PageEntry, present
from ui.state import PAGES_KEY, Session

ICON = Path(__file__).parent / "icon.png"  # a named icon would be fetched from outside
PART_KEY, CHOSEN_LANGUAGE_KEY = "part", "chosen_language"
FIRST_PAGE_KEY = "first_page"  # what the bare address shows


def main() -> None:
    """Draw one page for one visitor."""
    st.set_page_config(page_title="factory_gen", page_icon=str(ICON), layout="wide")
    use_language(current_language())
    try:
        work = workplace()
    except Exception as error:  # noqa: BLE001  without a workplace there is nothing but the box
        show_error(error)
        return
    with errors_shown():
        _draw(work, Actor(name=_("this machine"), role=OPEN))


def _draw(work: Workplace, actor: Actor) -> None:
    session = _session(work, actor)
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


def _session(work: Workplace, actor: Actor) -> Session:
    with st.sidebar:
        part = _choose_part(work, actor)
        _choose_language()
    return Session(work=work, service=Service(work, actor), part=part, language=current_language())


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


def _choose_language() -> None:
    st.session_state.setdefault(CHOSEN_LANGUAGE_KEY, current_language())
    chosen = st.selectbox(
        _("Language"), list(LANGUAGES), format_func=LANGUAGES.__getitem__, key=CHOSEN_LANGUAGE_KEY
    )
    if chosen != current_language():
        use_language(chosen)
        st.rerun()


main()
