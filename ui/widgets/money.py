"""The table of money inputs: low, middle, high, unit and source of each, edited in place."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from data_registry.records import PartRecord
from pipelines.figures.roi_draws import FALSE_REJECTS, RECALL
from pipelines.figures.roi_inputs import RoiInputs, estimates, unit_of
from pipelines.queries.figures import edited_inputs
from ui.error_box import show_error
from ui.language.words import N_, _

INPUT_WORDS = {
    "parts_per_month": N_("parts made"),
    "defect_rate": N_("true defect rate"),
    "covered_share": N_("defects of covered types"),
    "inspection_share": N_("escapes owed to inspection"),
    "cost_escape": N_("cost of an escape"),
    "cost_caught": N_("cost of a caught defect"),
    "cost_false_reject": N_("cost of a false reject"),
    "set_up_cost": N_("set-up cost"),
    "running_cost": N_("running cost"),
    "equivalent_defects": N_("defects not collected"),
    "hours_per_mask": N_("time for one mask"),
    "hourly_wage": N_("wage"),
    "collection_cost": N_("cost of collecting one"),
    RECALL: N_("gain in recall"),
    FALSE_REJECTS: N_("change in false rejects"),
}
TERM_WORDS = {
    "escapes avoided": N_("escapes avoided"),
    "handling of caught defects": N_("handling of caught defects"),
    "false rejects": N_("false rejects"),
    "ramp": N_("ramp"),
    "running cost": N_("running cost"),
    "set-up cost": N_("set-up cost"),
    "avoided collection": N_("avoided collection"),
    "net": N_("net"),
}
# units and sources as `pipelines.figures.roi_inputs` has them; a source that the plant wrote is shown as it is
UNITS = (
    N_("parts/month"),
    N_("share of parts"),
    N_("share of defects"),
    N_("share of escapes"),
    N_("{currency}/escape"),
    N_("{currency}/caught defect"),
    N_("{currency}/false reject"),
    N_("{currency}, once"),
    N_("{currency}/month"),
    N_("real defects"),
    N_("hours/defect"),
    N_("{currency}/hour"),
    N_("{currency}/defect"),
)
SOURCES = (N_("example, replace it"), N_("assumed, replace it"), N_("none: not measured"))


def edit_inputs(part: PartRecord, kept: RoiInputs) -> RoiInputs:
    """Show the inputs for editing and return them as they stand; a wrong value keeps the stored ones."""
    left, right = st.columns([1, 3])
    currency = left.text_input(_("Currency"), kept.currency, max_chars=8, key=f"currency_{part.id}")
    months = right.slider(
        _("Horizon in months"), kept.ramp_start + 1, 60, kept.months, key=f"months_{part.id}"
    )
    with st.expander(_("Inputs: every figure can be overwritten"), expanded=True):
        frame = pd.DataFrame([_row(kept, name) for name in estimates()], index=list(estimates()))
        edited = st.data_editor(
            frame,
            hide_index=True,
            num_rows="fixed",
            height="content",
            placeholder="–",
            key=f"inputs_{part.id}",
            disabled=["input", "unit"],
            column_config={
                "input": st.column_config.TextColumn(_("input"), width="medium"),
                "low": st.column_config.NumberColumn(_("low")),
                "mid": st.column_config.NumberColumn(_("middle")),
                "high": st.column_config.NumberColumn(_("high")),
                "unit": st.column_config.TextColumn(_("unit")),
                "source": st.column_config.TextColumn(_("where it is from"), width="medium"),
            },
        )
    try:
        return edited_inputs(kept, _edits(edited), months=int(months), currency=currency.strip())
    except Exception as error:  # noqa: BLE001  a half-typed table must not take the page away
        show_error(error)
        return kept


def _row(inputs: RoiInputs, name: str) -> dict[str, Any]:
    one = getattr(inputs, name)
    return {
        "input": _(INPUT_WORDS[name]),
        "low": one.low,
        "mid": float(one.mid),
        "high": one.high,
        "unit": _(unit_of(name, "{currency}")).format(currency=inputs.currency),
        "source": _(one.source) if one.source in SOURCES else one.source,
    }


def _edits(frame: pd.DataFrame) -> dict[str, tuple[float | None, float, float | None, str]]:
    found = {}
    own = {_(text): text for text in SOURCES}
    for name, row in frame.iterrows():
        found[str(name)] = (
            _number(row["low"]),
            _number(row["mid"]) or 0.0,
            _number(row["high"]),
            own.get(str(row["source"]), str(row["source"] or "")),
        )
    return found


def _number(value: Any) -> float | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return float(value)
