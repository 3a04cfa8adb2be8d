"""Why the check sends a sample back, in words."""

from __future__ import annotations

from ui.language.words import N_, _

REASONS = {
    "outside-changed": N_("changed outside the mask"),
    "faint": N_("too faint"),
    "unchanged": N_("hardly any change"),
    "wrong-sign": N_("bright instead of dark, or the reverse"),
    "off-part": N_("not on the part"),
    "near-copy": N_("near copy of a real defect"),
    "no-place": N_("no place found"),
    "fill": N_("fills its mask unlike real ones"),
    "grain": N_("grain does not match"),
    "seam": N_("visible seam"),
    "rim": N_("visible rim"),
    "type": N_("does not look like its type"),
    "mask": N_("does not fill its mask"),
}


def reason_words(reason: str) -> str:
    """The reason in the visitor's language; one that has no words yet as it is."""
    return _(REASONS[reason]) if reason in REASONS else reason
