"""What an ingest found: what would come in, what is refused and why, what to look at."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pipelines.intake.report import IngestReport
from ui.language.messages import told
from ui.language.words import _


def show_report(report: IngestReport) -> None:
    """Draw the report of a look at a folder or zip."""
    with st.container(border=True):
        st.subheader(_("What would be taken in"))
        st.caption(
            _("Read as layout “{layout}”; groups by {method}, {groups} groups.").format(
                layout=report.layout, method=report.grouping.method, groups=report.grouping.groups
            )
        )
        refused = sum(report.refused_by_reason.values())
        figures = (
            (_("Good pictures"), report.good),
            (_("Defects"), sum(one.pictures for one in report.defects)),
            (_("Masks found"), report.masks_matched),
            (_("Masks missing"), report.mask_wanted_count),
            (_("Refused"), refused),
            (_("There already"), report.already_there),
        )
        for column, (label, value) in zip(st.columns(len(figures)), figures, strict=True):
            column.metric(label, value)
        if report.defects:
            _defects(report)
        for warning in report.warnings:
            st.markdown(":material/warning: " + _plain(told(warning)))
        if refused:
            _refused(report, refused)
        if report.left_out:
            with st.expander(_("{n} files play no part").format(n=sum(report.left_out.values()))):
                st.dataframe(
                    pd.DataFrame(sorted(report.left_out.items()), columns=[_("Reason"), _("Files")]),
                    hide_index=True,
                )
        for line in report.possible:
            st.markdown(":material/arrow_forward: " + _plain(told(line)))


def _defects(report: IngestReport) -> None:
    table = pd.DataFrame(
        {
            _("Type"): [one.defect_type for one in report.defects],
            _("Pictures"): [one.pictures for one in report.defects],
            _("with mask"): [one.with_mask for one in report.defects],
            _("groups, generator"): [one.groups_generator for one in report.defects],
            _("groups, hold-out"): [one.groups_holdout for one in report.defects],
        }
    )
    st.dataframe(table, hide_index=True, width="stretch")


def _refused(report: IngestReport, refused: int) -> None:
    with st.expander(_("{n} files are refused").format(n=refused), expanded=True, icon=":material/block:"):
        table = pd.DataFrame(
            {
                _("File"): [one.path for one in report.refused],
                _("Reason"): [one.reason for one in report.refused],
                _("Expected"): [told(one.expected) for one in report.refused],
                _("Found"): [told(one.found) for one in report.refused],
                _("What to do"): [told(one.action) for one in report.refused],
            }
        )
        st.dataframe(table, hide_index=True, width="stretch")


def _plain(text: str) -> str:
    """Names of files are shown as they are, not as markup."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>()#+-!|~$:" else sign for sign in text)
