"""What a page is given: the workplace, the checked calls, who looks, the part, the language."""

from __future__ import annotations

from dataclasses import dataclass

from data_registry.records import PartRecord
from pipelines.services.access import Actor, allowed
from pipelines.services.service import Service
from pipelines.wiring import Workplace

PAGES_KEY = "pages"  # the pages of this visitor by name, for links between them


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One visitor at one moment.

    Attributes:
        work: for reading; what is written goes through `service`.
        service: the checked calls, in this visitor's name.
        part: the part that was chosen; None while there is none.
        language: "en", "ja" or "de"; `_` knows it already.
    """

    work: Workplace
    service: Service
    part: PartRecord | None
    language: str

    @property
    def actor(self) -> Actor:
        """Who looks."""
        return self.service.actor

    def may(self, action: str) -> bool:
        """Whether this visitor may do it (`pipelines.services.access.ACTIONS`); for hiding what would be refused."""
        return allowed(self.actor.role, action)
