"""Desks: the same after a reload, another one for a second window with a copied address."""

from __future__ import annotations

import pytest

from ui.widgets import review_seat
from ui.widgets.review_seat import Seats


def test_a_window_keeps_its_desk_and_a_reload_comes_back_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seats = Seats()
    first = seats.take("", "window 1")
    assert seats.take(first, "window 1") == first
    monkeypatch.setattr(review_seat, "_is_open", lambda window: False)
    assert seats.take(first, "window 1 after a reload") == first


def test_a_copied_address_gets_a_desk_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seats = Seats()
    monkeypatch.setattr(review_seat, "_is_open", lambda window: True)
    first = seats.take("", "window 1")
    assert seats.take(first, "window 2") != first


@pytest.mark.parametrize("wanted", ["", "short", "../../../etc/", "ﾃｽﾄ" * 4, "a" * 400])
def test_what_is_no_name_is_not_taken(wanted: str) -> None:
    assert Seats().take(wanted, "window") != wanted
