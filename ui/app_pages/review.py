"""Review: one sample after the other, one key for each decision, real pictures mixed in for a blind session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from data_registry.records import PartRecord
from pipelines.queries.review import SAMPLE, ReviewItem, limit_pictures, review_item
from ui.cache import workplace
from ui.error_box import errors_shown, show_error
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.review_desk import DeskView, address_of, needed, pressed, review_desk
from ui.widgets.review_seat import seat
from ui.widgets.review_words import desk_words, told

AHEAD, SENT_AT_ONCE = 5, 2
BLIND, OPEN_VIEW = N_("Blind, real ones mixed in"), N_("Open, everything shown")
STATE, BLIND_MARK = "review_state", "blind"


@dataclass(slots=True)
class _Line:
    """One visit: what was and will be shown, in order.

    Attributes:
        part_id, defect_type, blind: what it is a line of.
        desk: name of this desk, for claims.
        session: name of the blind session, None for an open review.
        keys: all items so far; `at` is the one that is shown, len(keys) when there is none.
        sent: keys whose pictures the browser has.
        decisions: key to decision.
        turn: answers so far.
        fault: what went wrong with the last key press.
        decided: decisions of this visit.
        left: samples that nobody had decided on when the visit began.
        answering: a key was pressed and its answer has not gone out.
        all_claimed: nothing is left that nobody else looks at.
    """

    part_id: int
    defect_type: str | None
    blind: bool
    desk: str
    session: str | None
    keys: list[str] = field(default_factory=list)
    at: int = 0
    sent: set[str] = field(default_factory=set)
    decisions: dict[str, str | None] = field(default_factory=dict)
    turn: int = 0
    fault: Exception | None = None
    decided: int = 0
    left: int = 0
    answering: bool = False
    all_claimed: bool = False

    @property
    def key(self) -> str | None:
        """The item that is shown."""
        return self.keys[self.at] if self.at < len(self.keys) else None


def show(session: Session) -> None:
    """Draw the page."""
    heading, type_box, mode_box = st.columns([1, 1, 2], vertical_alignment="bottom")
    heading.title(_("Review"))
    part = session.part
    if part is None or not _counts(session, part):
        st.info(
            _(
                "There is nothing to review yet. Samples come from the page Generate; they wait here for a decision."
            )
        )
        return
    with type_box:
        defect_type = _choose_type(session, part)
    with mode_box:
        blind = _choose_mode()
    line = _line(session, part, defect_type, blind)
    if not session.may("review"):
        st.caption(_("You may look; deciding is for operators and engineers."))
    if line.blind:
        st.caption(
            _(
                "Every fifth picture is real, some of them without any defect. Source, difference and scores are "
                "hidden, since they would tell which. Judge what you see: a defect as it comes from the line is OK."
            )
        )
    _desk(session, part)


def _choose_type(session: Session, part: PartRecord) -> str | None:
    types = sorted({one.defect_type for one in _counts(session, part)})
    everything = _("all defect types")
    chosen = st.selectbox(_("Defect type"), [everything, *types], key="review_type")
    return None if chosen == everything else chosen


def _choose_mode() -> bool:
    """Open or blind; in the address, so that a reload stays blind."""
    modes = {False: _(OPEN_VIEW), True: _(BLIND)}
    before = st.query_params.get(BLIND_MARK) == "1"
    chosen = st.segmented_control(
        _("How to review"), list(modes), default=before, format_func=modes.__getitem__, key="review_mode"
    )
    blind = bool(chosen)
    if blind != before:
        if blind:
            st.query_params[BLIND_MARK] = "1"
        else:
            del st.query_params[BLIND_MARK]
    return blind


def _counts(session: Session, part: PartRecord) -> list[Any]:
    with session.work.registry.read() as rows:
        return list(rows.samples.counts(part.id))


def _line(session: Session, part: PartRecord, defect_type: str | None, blind: bool) -> _Line:
    line = st.session_state.get(STATE)
    wanted = (part.id, defect_type, blind)
    if line is None or (line.part_id, line.defect_type, line.blind) != wanted:
        desk = f"{session.actor.name} {seat()}"
        name = f"{datetime.now(UTC):%Y-%m-%d} {desk}" if blind else None
        left = sum(one.n for one in _counts(session, part) if one.latest_review is None)
        line = _Line(
            part_id=part.id, defect_type=defect_type, blind=blind, desk=desk, session=name, left=left
        )
        st.session_state[STATE] = line
    return line


@st.fragment
def _desk(session: Session, part: PartRecord) -> None:
    """The desk; a key press runs this function alone."""
    line: _Line = st.session_state[STATE]
    with errors_shown():
        # An answer to a key goes out at once and alone; what comes next is asked for by the browser afterwards.
        answering, line.answering = line.answering, False
        if not answering or line.key is None:
            _claim(session, part, line)
        if line.fault is not None:
            show_error(line.fault)
            line.fault = None
        review_desk(
            _view(session, part, line, ahead=0 if answering else SENT_AT_ONCE),
            on_act=lambda: _act(session, part, line),
            on_need=lambda: line.sent.difference_update(needed()),
        )
        if not answering:
            for key in line.keys[line.at : line.at + AHEAD + 1]:
                _item(part, key)


def _act(session: Session, part: PartRecord, line: _Line) -> None:
    """What a key or a button asks for; what goes wrong is shown with the next drawing."""
    what, key, turn = pressed()
    if turn != line.turn:
        return  # asked again by a browser that has had no answer yet, and answered meanwhile
    line.turn, line.answering = line.turn + 1, True
    try:
        if what == "undo":
            _undo(session, part, line)
        elif what in ("next", "back"):
            step = 1 if what == "next" else -1
            line.at = max(0, min(line.at + step, len(line.keys)))
        elif what and key == line.key:
            _decide(session, part, line, key, what)
    except Exception as error:  # noqa: BLE001  a callback draws nothing: the page shows it in its box
        line.fault = error
        if what not in ("undo", "next", "back"):
            line.at += 1  # somebody else's: go on


def _decide(session: Session, part: PartRecord, line: _Line, key: str, decision: str) -> None:
    session.service.decide(part=part.name, key=key, decision=decision, desk=line.desk, session=line.session)
    line.decisions[key] = decision
    line.decided += 1
    line.at += 1


def _undo(session: Session, part: PartRecord, line: _Line) -> None:
    key = session.service.take_back_review(part=part.name, desk=line.desk, session=line.session)
    if key is None:
        return
    known = [one for one in line.keys if one == key or one.startswith(f"{key}-")]
    if known:
        line.at = line.keys.index(known[0])
        key = known[0]
    elif key.startswith(SAMPLE):
        line.keys.insert(line.at, key)
    line.decisions[key] = None
    line.decided = max(0, line.decided - 1)


def _claim(session: Session, part: PartRecord, line: _Line) -> None:
    missing = line.at + AHEAD + 1 - len(line.keys)
    if missing > 0 and session.may("review"):
        taken = session.service.claim_reviews(
            part=part.name,
            desk=line.desk,
            count=missing,
            have=line.keys,
            defect_type=line.defect_type,
            blind=line.blind,
        )
        line.keys += taken
        line.all_claimed = len(taken) < missing


def _view(session: Session, part: PartRecord, line: _Line, *, ahead: int) -> DeskView:
    """What the browser is told: the item to show if it lacks it, and up to `ahead` of the next ones."""
    next_keys = line.keys[line.at + 1 : line.at + 1 + AHEAD]
    unsent = [key for key in next_keys if key not in line.sent]
    now = [line.key] if line.key and line.key not in line.sent else []
    items: dict[str, Mapping[str, Any]] = {}
    types = set()
    for key in [*now, *unsent[:ahead]]:
        item = _item(part, key)
        types.add(item.defect_type)
        line.decisions.setdefault(key, item.decision)
        items[key] = told(item, line.blind)
        line.sent.add(key)
    return DeskView(
        at=line.key,
        ahead=[key for key in next_keys if key in line.sent],
        more=bool(unsent[ahead:]) or (len(next_keys) < AHEAD and not line.all_claimed),
        items=items,
        decisions={key: line.decisions.get(key) for key in line.keys[max(0, line.at - 1) : line.at + 2]},
        limits={name: _limits(part, name) for name in types},
        place=_("{done} decided here, {left} samples left").format(
            done=line.decided, left=max(0, line.left - line.decided)
        ),
        turn=line.turn,
        words=desk_words(),
    )


@st.cache_data(show_spinner=False, max_entries=300)
def _item_of(part_id: int, part_name: str, key: str) -> ReviewItem:
    with workplace().registry.read() as rows:
        part = rows.parts.get(part_name)
    return review_item(workplace(), part, key)


def _item(part: PartRecord, key: str) -> ReviewItem:
    return _item_of(part.id, part.name, key)


@st.cache_data(show_spinner=False, max_entries=60)
def _limits_of(part_id: int, part_name: str, defect_type: str) -> dict[str, list[str]]:
    with workplace().registry.read() as rows:
        part = rows.parts.get(part_name)
    found = limit_pictures(workplace(), part, defect_type)
    return {name: [address_of(one) for one in pair] for name, pair in found.items()}


def _limits(part: PartRecord, defect_type: str) -> dict[str, list[str]]:
    return _limits_of(part.id, part.name, defect_type)
