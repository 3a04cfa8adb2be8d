"""The words of the figures' page: what inputs and figures are called, and the sentences that say what they mean."""

from __future__ import annotations

from data_registry.outcome_records import HARMS, HELPS, NOT_PROVEN
from pipelines.figures import kpi_names as names
from pipelines.figures.kpi_gate import GateView
from pipelines.figures.kpi_quality import Quality
from pipelines.figures.roi_draws import FALSE_REJECTS, RECALL, Roi

# word and shape, so that nothing hangs on colour
MARKS = {HELPS: "✓ helps", NOT_PROVEN: "? not proven", HARMS: "✕ harms"}
INPUTS = {
    "parts_per_month": "parts made",
    "defect_rate": "true defect rate",
    "covered_share": "defects of covered types",
    "inspection_share": "escapes owed to inspection",
    "cost_escape": "cost of an escape",
    "cost_caught": "cost of a caught defect",
    "cost_false_reject": "cost of a false reject",
    "set_up_cost": "set-up cost",
    "running_cost": "running cost",
    "equivalent_defects": "defects not collected",
    "hours_per_mask": "time for one mask",
    "hourly_wage": "wage",
    "collection_cost": "cost of collecting one",
    RECALL: "gain in recall",
    FALSE_REJECTS: "change in false rejects",
}
FIGURES = {
    names.SPEED: "Seconds per kept image, p50 up to p95",
    names.USABLE: "Usable rate",
    names.CONTROL_REJECTED: "Real defects turned away",
    names.CONTROL_APPROVED: "Good parts approved as defects",
    names.LIFT: "Lift found by the gate",
    names.BENEFIT: "Benefit per month, 5 to 95 %",
    names.P_NET: "P(net > 0)",
    names.BREAK_EVEN: "Break-even gain in recall",
}


def verdict_says(view: GateView | None) -> str:
    """The gate's answer in a sentence or two."""
    if view is None:
        return (
            "No gate has judged these samples yet, so nobody knows whether they help. Run `factory-gen gate`."
        )
    lift = f"{view.lift:+.3f} ({view.low:+.3f} to {view.high:+.3f})"
    told = {
        HELPS: "An inspector trained with the samples finds more on real pictures that were held out",
        NOT_PROVEN: "The held-out real pictures do not show yet whether the samples help an inspector",
        HARMS: "An inspector trained with the samples does worse on real pictures that were held out",
    }[view.decision]
    # the gate's own reason has the figures in it
    figures = view.reason or f"The lift is {lift}."
    return " ".join(filter(None, [f"{told} ({view.metric}).", figures, view.next_step]))


def money_says(roi: Roi | None, break_even: float, currency: str) -> str:
    """What the money page comes to."""
    if roi is None:
        return (
            "Recall and false rejects have not been measured, so no benefit is stated. "
            f"{_break_even(break_even)}, at unchanged false rejects."
        )
    low, mid, high = (f"{value:,.0f}" for value in roi.benefit)
    text = (
        f"{roi.word.capitalize()}: {mid} {currency} per month (5 to 95 %: {low} to {high}), "
        f"P(net > 0 in {roi.months} months) = {roi.p_net:.2f}. {_break_even(roi.break_even)}; "
        f"measured: {roi.recall_gain[0]:+.3f} ({roi.recall_gain[1]:+.3f} to {roi.recall_gain[2]:+.3f})."
    )
    if roi.word != "not proven":
        return text
    return f"{text} {_more(roi)}"


def quality_says(quality: Quality | None) -> str:
    """How far the usable rate can be trusted."""
    if quality is None:
        return "No sample has been reviewed."
    if not quality.blind:
        return "From open reviews, which flatter: a blind session with real pictures mixed in is wanted."
    if not quality.enough_controls:
        return f"Blind, but only {quality.control_share:.0%} of the pictures were real; 20 % are wanted."
    return f"Blind, {quality.control_share:.0%} of the pictures were real."


def _break_even(gain: float) -> str:
    if gain == float("inf"):
        return "It can never pay: a caught defect saves nothing here"
    if gain <= 0:
        return "It breaks even without any gain in recall"
    return f"It breaks even at a gain in recall of {gain:.3f}" + (" (not possible)" if gain > 1 else "")


def _more(roi: Roi) -> str:
    if roi.more_defects_net is None:
        return "More real defects would not prove it: the measured gain is not above break-even."
    if roi.more_defects_net == 0:
        return "More real defects would hardly help: the spread of the costs keeps it open."
    return f"About {roi.more_defects_net:,} more held-out real defects would be needed, at this gain."
