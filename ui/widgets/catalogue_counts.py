"""How many pictures of each type and size a part has."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from pipelines.queries.catalogue import CatalogueFacts
from ui.language.words import _

FEW = 5


def show_counts(facts: CatalogueFacts) -> None:
    """Draw the table of types and the sizes."""
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(_("By type"))
        table = pd.DataFrame(
            {
                _("Type"): [one.defect_type or _("good") for one in facts.types],
                _("generator"): [one.generator for one in facts.types],
                _("hold-out"): [one.holdout for one in facts.types],
                _("without mask"): [one.without_mask for one in facts.types],
            }
        )
        st.dataframe(table, hide_index=True, width="stretch")
        few = [one.defect_type for one in facts.types if one.defect_type and one.generator < FEW]
        if few:
            st.caption(
                ":material/warning: "
                + _("Fewer than {n} pictures to learn from: {types}").format(n=FEW, types=", ".join(few))
            )
    with right:
        st.subheader(_("Sizes"))
        _sizes(facts)


def _sizes(facts: CatalogueFacts) -> None:
    if len(facts.sizes) <= 12:
        table = pd.DataFrame(
            {
                _("Width x height"): [f"{width} x {height}" for width, height, _n in facts.sizes],
                _("Pictures"): [n for *_size, n in facts.sizes],
            }
        )
        st.dataframe(table, hide_index=True, width="stretch")
        return
    points = pd.DataFrame(facts.sizes, columns=["width", "height", "n"])
    chart = (
        alt.Chart(points)
        .mark_circle(opacity=0.6)
        .encode(
            x=alt.X("width:Q", title=_("Width in pixels"), scale=alt.Scale(zero=False)),
            y=alt.Y("height:Q", title=_("Height in pixels"), scale=alt.Scale(zero=False)),
            size=alt.Size("n:Q", title=_("Pictures")),
            tooltip=["width", "height", "n"],
        )
    )
    st.altair_chart(chart, width="stretch")
    st.caption(_("Each circle is one size; the {n} most frequent.").format(n=len(facts.sizes)))
