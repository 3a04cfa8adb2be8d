"""What visitors do: one alone, to time each step; twenty at once, to see that nothing breaks or grows."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from streamlit.proto.WidgetStates_pb2 import WidgetState

from ui.bench.reviewer import Reviewer
from ui.bench.visitor import Drawn, PageFailed, Visitor

WALK = ("home", "catalogue", "datasets", "generate", "explore", "review", "gate", "training", "monitor")
REVIEW, GENERATE = "review", "generate"
LOOK_S, DECIDE_S = (2.0, 6.0), (0.8, 2.5)
DECISIONS = ("ok", "ok", "ok", "ok", "ng", "undecided")
AFTER, EIGHT, SEED = "Page after", "Draw 8", "Seed"


@dataclass(slots=True)
class Times:
    """Seconds of each step, and what went wrong."""

    first_page: list[float] = field(default_factory=list)
    page_change: dict[str, list[float]] = field(default_factory=dict)
    gallery: list[float] = field(default_factory=list)
    key: list[float] = field(default_factory=list)
    preview: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def changed(self, page: str, seconds: float) -> None:
        """Note one change to a page."""
        self.page_change.setdefault(page, []).append(seconds)

    @property
    def all_changes(self) -> list[float]:
        """Page changes of all pages, and of pages of a gallery."""
        return [one for each in self.page_change.values() for one in each] + self.gallery


async def alone(address: str, part: str, *, visits: int, rounds: int, keys: int, previews: int) -> Times:
    """One visitor at a time: first pages in new tabs, walks through all pages, keys at the desk, previews.

    Args:
        address: of the server, which is warm.
        part: to look at.
        visits: new tabs.
        rounds: walks.
        keys: decisions.
        previews: after one that loads the model.
    """
    times = Times()
    for _ in range(visits):
        async with Visitor(address, part) as visitor:
            times.first_page.append((await visitor.first_page()).seconds)
            times.failures += visitor.failures
    async with Visitor(address, part) as visitor:
        await visitor.first_page()
        for _ in range(rounds):
            for page in WALK:
                times.changed(page, (await visitor.go(page)).seconds)
                await asyncio.sleep(0.05)
            times.gallery += await _leaf_through(visitor, 3)
        if previews:
            times.preview += await _draw_eight(visitor, previews)
        reviewer = await _desk(visitor)
        for number in range(keys):
            took = await reviewer.press(DECISIONS[number % len(DECISIONS)])
            if took is not None:
                times.key.append(took)
        times.failures += visitor.failures
    return times


async def together(
    address: str, part: str, *, sessions: int, reviewers: int, seconds: float, each_s: Callable[[float], None]
) -> Times:
    """Many visitors at once; `each_s` is called every five seconds with the seconds since the start."""
    times, began = Times(), time.perf_counter()
    until = began + seconds
    chance = [random.Random(number) for number in range(sessions)]
    people = [
        (_review if number < reviewers else _roam)(address, part, until, chance[number], times)
        for number in range(sessions)
    ]

    async def watch() -> None:
        while time.perf_counter() < until:
            each_s(time.perf_counter() - began)
            await asyncio.sleep(5.0)
        each_s(time.perf_counter() - began)

    await asyncio.gather(watch(), *people)
    return times


async def _roam(address: str, part: str, until: float, chance: random.Random, times: Times) -> None:
    async def walk(visitor: Visitor) -> None:
        while time.perf_counter() < until:
            page = chance.choice(WALK)
            times.changed(page, (await visitor.go(page)).seconds)
            await visitor.stay(chance.uniform(*LOOK_S))
            if page == GENERATE:
                times.gallery += await _leaf_through(visitor, 2)

    await _visit(address, part, chance, times, walk)


async def _review(address: str, part: str, until: float, chance: random.Random, times: Times) -> None:
    async def decide(visitor: Visitor) -> None:
        reviewer = await _desk(visitor)
        while time.perf_counter() < until:
            took = await reviewer.press(chance.choice(DECISIONS))
            if took is not None:
                times.key.append(took)
            await asyncio.sleep(chance.uniform(*DECIDE_S))

    await _visit(address, part, chance, times, decide)


async def _visit(
    address: str, part: str, chance: random.Random, times: Times, act: Callable[[Visitor], Awaitable[None]]
) -> None:
    """One visitor from coming in to leaving; what fails ends the visit and is noted."""
    await asyncio.sleep(chance.uniform(0.0, 10.0))  # nobody comes at the same moment
    visitor = Visitor(address, part)
    try:
        async with visitor:
            times.first_page.append((await visitor.first_page()).seconds)
            await act(visitor)
    except Exception as error:  # noqa: BLE001  whatever it is, it is a failure of this visit and goes into the report
        times.failures.append(f"{type(error).__name__}: {error}")
    times.failures += visitor.failures


async def _desk(visitor: Visitor) -> Reviewer:
    reviewer = Reviewer(visitor)
    await reviewer.sit_down(await visitor.go(REVIEW))
    return reviewer


async def _leaf_through(visitor: Visitor, pages: int) -> list[float]:
    drawn = await visitor.go(GENERATE)
    taken = []
    for _ in range(pages):
        drawn = await visitor.press(WidgetState(id=_button(drawn, AFTER), trigger_value=True))
        taken.append(drawn.seconds)
    return taken


async def _draw_eight(visitor: Visitor, previews: int) -> list[float]:
    drawn = await visitor.go(GENERATE)
    taken = []
    for number in range(previews + 1):
        seeds = [one.number_input.id for one, _ in drawn.elements if one.number_input.label == SEED]
        seed = WidgetState(id=seeds[0], double_value=float(100 + number))
        drawn = await visitor.press(seed, WidgetState(id=_button(drawn, EIGHT), trigger_value=True))
        taken.append(drawn.seconds)
    return taken[1:]  # the first one loads the model


def _button(drawn: Drawn, label: str) -> str:
    for element, _ in drawn.elements:
        if element.WhichOneof("type") == "button" and element.button.label == label:
            found: str = element.button.id
            return found
    raise PageFailed(f"no button {label!r}")
