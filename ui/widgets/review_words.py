"""What the review desk is told: one item as the browser keeps it, and its words in the page's language."""

from __future__ import annotations

from typing import Any

from pipelines.queries.review import ReviewItem
from ui.language.words import N_, _
from ui.widgets.review_desk import address_of

SCORES = {
    "contrast": N_("visibility against its surroundings"),
    "fill": N_("share of the mask that is filled"),
    "grain": N_("grain inside over around"),
    "seam": N_("hardness of the border"),
    "rim": N_("line along the border"),
    "nearest_real": N_("distance to the nearest real"),
    "type_fit": N_("looks like its type"),
    "mask_fit": N_("mask fits"),
}
# what would tell a real picture from a generated one stays away in a blind session
HIDDEN_WHEN_BLIND = ("source", "difference")
FACTS = {
    "sample": N_("Sample"),
    "model": N_("Model"),
    "seed": N_("Seed"),
    "source": N_("Painted on"),
}


def told(item: ReviewItem, blind: bool) -> dict[str, Any]:
    """An item as the browser keeps it."""
    shown = {
        name: address_of(data)
        for name, data in item.pictures.items()
        if not (blind and name in HIDDEN_WHEN_BLIND)
    }
    scores = [
        {
            "name": _(SCORES[one.name]) if one.name in SCORES else one.name,
            "value": f"{one.value:.2f}",
            "range": _range(one.low, one.high),
            "fits": one.fits,
        }
        for one in item.scores
    ]
    facts = [f"{_(FACTS[name])}: {value}" for name, value in item.facts.items()]
    return {
        "type": item.defect_type,
        "pictures": shown,
        "scores": [] if blind else scores,
        "facts": [] if blind else facts,
        "decision": item.decision,
    }


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:.2f} – {high:.2f}"
    if low is not None:
        return f"≥ {low:.2f}"
    return "" if high is None else f"≤ {high:.2f}"


def desk_words() -> dict[str, Any]:
    """All words of the desk."""
    return {
        "nothing": _(
            "Nothing left to decide on. Press Z to take the last decision back, or choose another type."
        ),
        "undecided": _("Undecided"),
        "undo": _("Undo"),
        "scores": _("Scores"),
        "heads": [_("score"), _("value"), _("limits"), ""],
        "limits": _("Limit samples: real defects of the type {type}"),
        "limit_names": {
            "faintest": _("faintest"),
            "typical": _("typical"),
            "strongest": _("strongest"),
        },
        "views": {
            "result": _("result"),
            "source": _("source"),
            "mask": _("mask"),
            "difference": _("difference"),
            "nearest": _("nearest real"),
            "whole": _("whole picture"),
        },
        "marks": {"ok": "○ OK", "ng": "× NG", "undecided": "? " + _("Undecided")},
        "acts": {
            "ok": _("OK: a defect as it could come from the line"),
            "ng": _("NG: not usable"),
            "undecided": _("Undecided"),
            "undo": _("Take the last decision back"),
            "back": _("Look at the one before"),
            "next": _("Look at the next one without deciding"),
        },
        "hint": _("Keys: O, N, U, Z, arrows to look only, space for the outline, 1 to 6 for the views"),
    }
