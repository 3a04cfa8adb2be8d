"""Eight tried defects: result, outline, difference or source, with the verdict of the check."""

from __future__ import annotations

import streamlit as st

from pipelines.drawing.try_out import TryOut
from ui.language.words import N_, _
from ui.widgets.reasons import reason_words

VIEWS = {
    "after": N_("Result"),
    "outlined": N_("Outline"),
    "change": N_("Difference"),
    "before": N_("Before"),
}
COLUMNS = 4


def show_tried(tried: TryOut) -> None:
    """Draw the pictures and how many of them a batch would keep at once."""
    chosen = (
        st.segmented_control(
            _("View"),
            list(VIEWS),
            default="outlined",
            format_func=lambda name: _(VIEWS[name]),
            key="tried-view",
        )
        or "outlined"
    )
    passed = sum(one.passed for one in tried.tried)
    st.markdown(
        _(
            "**{passed} of {n}** pass the check · model {model}, {steps} calls of {solver} · {seconds:.1f} s"
        ).format(
            passed=passed,
            n=tried.asked,
            model=tried.model,
            steps=tried.steps,
            solver=tried.solver,
            seconds=tried.seconds,
        )
    )
    for start in range(0, len(tried.tried), COLUMNS):
        for column, one in zip(st.columns(COLUMNS), tried.tried[start : start + COLUMNS], strict=False):
            with column:
                st.image(getattr(one, chosen), width="stretch")
                contrast = (
                    "" if one.contrast is None else _(" · contrast {value:.1f}").format(value=one.contrast)
                )
                st.caption(f"{one.defect_type}{contrast}")
                if not one.passed:
                    st.caption(":material/warning: " + ", ".join(reason_words(name) for name in one.reasons))
    if len(tried.tried) < tried.asked:
        st.caption(_("{n} found no place on their picture.").format(n=tried.asked - len(tried.tried)))
