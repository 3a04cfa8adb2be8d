"""The pages, in the order and the groups of the navigation. One line and one file make a page."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from ui.language.words import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEntry:
    """One page: `ui/app_pages/<name>.py` with `show(session)`; `action` is what one must be allowed to see it."""

    name: str
    title: str
    icon: str
    group: str
    action: str = "see"

    @property
    def module(self) -> str:
        """Where the page is."""
        return f"ui.app_pages.{self.name}"


_START, _DATA, _MAKE, _DECIDE, _KEEP = "", N_("Data"), N_("Defects"), N_("Decide"), N_("Keep")

PAGES = (
    PageEntry(name="home", title=N_("Home"), icon=":material/home:", group=_START),
    PageEntry(name="catalogue", title=N_("Catalogue"), icon=":material/photo_library:", group=_DATA),
    PageEntry(name="datasets", title=N_("Data sets"), icon=":material/inventory_2:", group=_DATA),
    PageEntry(name="generate", title=N_("Generate"), icon=":material/auto_awesome:", group=_MAKE),
    PageEntry(name="inpaint", title=N_("Inpaint"), icon=":material/brush:", group=_MAKE, action="see"),
    PageEntry(name="explore", title=N_("Explore"), icon=":material/explore:", group=_MAKE),
    PageEntry(name="review", title=N_("Review"), icon=":material/rate_review:", group=_DECIDE),
    PageEntry(name="gate", title=N_("Gate and figures"), icon=":material/verified:", group=_DECIDE),
    PageEntry(name="training", title=N_("Training"), icon=":material/model_training:", group=_KEEP),
    PageEntry(name="monitor", title=N_("Monitor"), icon=":material/monitoring:", group=_KEEP),
    PageEntry(
        name="administration",
        title=N_("Administration"),
        icon=":material/admin_panel_settings:",
        group=_KEEP,
        action="see audit",
    ),
)


def present() -> tuple[PageEntry, ...]:
    """The pages whose file is there."""
    return tuple(page for page in PAGES if find_spec(page.module) is not None)
