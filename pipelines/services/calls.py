"""What a checked call is: it looks its action up in the table of roles before it runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from pipelines.services.access import Actor, require
from pipelines.services.visits import require_visit
from pipelines.wiring import Workplace

Given = ParamSpec("Given")
Result = TypeVar("Result")
Who = TypeVar("Who", bound="Calls")


class Calls:
    """Calls in the name of one actor. Each public method of a subclass carries `@checked`."""

    def __init__(self, work: Workplace, actor: Actor, *, token: str = "") -> None:
        """A token makes each call look whether the visit still stands; without one the caller answers for it."""
        self.work = work
        self.actor = actor
        self._token = token

    def _note(self, action: str, subject: str, **details: Any) -> None:
        """Add a line to the audit trail in the actor's name."""
        with self.work.registry.write() as rows:
            rows.audit.add(actor=self.actor.name, action=action, subject=subject, details=details)


def checked(
    action: str,
) -> Callable[[Callable[Concatenate[Who, Given], Result]], Callable[Concatenate[Who, Given], Result]]:
    """Let a method run only for roles that may do the action, on a part that the actor works on.

    The part is the method's keyword `part`, where it has one; so it must be given by keyword.
    """

    def wrap(
        method: Callable[Concatenate[Who, Given], Result],
    ) -> Callable[Concatenate[Who, Given], Result]:
        @wraps(method)
        def call(self: Who, *args: Given.args, **given: Given.kwargs) -> Result:
            part: Any = given.get("part")
            require(self.actor, action, part if isinstance(part, str) else None)
            if self._token:
                require_visit(self.work, self._token, self.actor)
            return method(self, *args, **given)

        call.action = action  # type: ignore[attr-defined]  # what the test of all calls reads
        return cast("Callable[Concatenate[Who, Given], Result]", call)

    return wrap
