"""The variants of a painted defect: side by side, with the difference, to keep or to throw away."""

from __future__ import annotations

import streamlit as st

from data_registry.records import PartRecord
from pipelines.drawing.variants import Variants
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.reasons import reason_words

VIEWS = {"after": N_("Result"), "outlined": N_("Outline"), "change": N_("Difference")}


def show_variants(session: Session, part: PartRecord, drawn: Variants, *, state_key: str) -> None:
    """Draw the variants; kept ones become samples and go to the review like all others."""
    st.markdown(
        _(
            "**3. Keep what looks real** · {type}, model {model}, {steps} solver calls, {seconds:.1f} s"
        ).format(type=drawn.defect_type, model=drawn.model, steps=drawn.steps, seconds=drawn.seconds)
    )
    view = (
        st.segmented_control(
            _("View"),
            list(VIEWS),
            default="after",
            format_func=lambda name: _(VIEWS[name]),
            key="variants-view",
        )
        or "after"
    )
    columns = st.columns(len(drawn.variants) + 1, gap="small")
    columns[0].image(drawn.before, caption=_("Before"), width="stretch")
    chosen: list[int] = []
    for index, (column, variant) in enumerate(zip(columns[1:], drawn.variants, strict=True)):
        with column:
            st.image(getattr(variant, view), width="stretch")
            if st.checkbox(
                _("Keep {n}").format(n=index + 1),
                variant.passed,
                key=f"keep-{drawn.request_sha256[:12]}-{index}",
            ):
                chosen.append(index)
            if not variant.passed:
                st.caption(":material/warning: " + ", ".join(reason_words(one) for one in variant.reasons))
    keep, discard, note = st.columns([2, 2, 4], vertical_alignment="center")
    if keep.button(
        _("Keep the ticked ones"),
        type="primary",
        icon=":material/check:",
        disabled=not chosen or not session.may("generate"),
        width="stretch",
    ):
        kept = session.service.keep_variants(part=part.name, drawn=drawn, indexes=chosen)
        st.session_state.pop(state_key, None)
        st.toast(_("{n} samples are stored.").format(n=len(kept)), icon=":material/check:")
        st.rerun(scope="fragment")
    if discard.button(_("Discard all"), icon=":material/delete:", width="stretch"):
        st.session_state.pop(state_key, None)
        st.rerun(scope="fragment")
    note.caption(_("Outside the mask every pixel is the same as before, bit for bit."))
