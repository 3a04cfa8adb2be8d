"""Data sets: versions and what differs between two, the export with its read-back, a way past the gate, downloads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from data_registry.records import PartRecord
from pipelines.queries.datasets import ExportFacts, VersionFacts, exports_of, format_names, versions_of
from pipelines.release.exported_folders import folder_for, zip_of
from pipelines.versions import DiffReport, diff
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.against_gate import against_gate
from ui.widgets.empty import need, needs_part
from ui.widgets.job_box import engine_runs, ordered, show_jobs

KINDS = {"catalogue": N_("catalogue"), "synthetic": N_("synthetic")}
VERDICTS = {"helps": N_("✓ helps"), "not proven": N_("? not proven"), "harms": N_("✕ harms")}


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Data sets"))
    part = needs_part(session)
    if part is None:
        return
    found = versions_of(session.work, part)
    if not found:
        need(
            _("There is no version yet"),
            _(
                "A catalogue version comes with the first pictures, a synthetic one with the first gate or export."
            ),
        )
        return
    versions, difference, export, done = st.tabs(
        [_("Versions"), _("Difference between two"), _("Export"), _("Exports so far")], key="datasets_tabs"
    )
    with versions:
        _versions(found)
    with difference:
        _difference(session, part, found)
    with export:
        _export(session, part, found)
    with done:
        _exports(session, part)


def _versions(found: list[VersionFacts]) -> None:
    rows = [
        {
            _("version"): f"{_(KINDS[one.version.kind])} {one.version.number}",
            _("pictures"): one.members,
            _("by type"): ", ".join(f"{name} {count}" for name, count in _types(one)),
            _("verdict of the gate"): _(VERDICTS[one.verdict.decision]) if one.verdict else "–",
            _("made"): f"{one.version.created_at:%Y-%m-%d %H:%M}",
            _("hash"): one.version.manifest_sha256[:12],
        }
        for one in found
    ]
    st.dataframe(rows, hide_index=True)
    st.caption(_("A version never changes: its hash names the list of its members. Times are UTC."))


def _types(one: VersionFacts) -> list[tuple[str, int]]:
    if one.version.kind == "synthetic":
        return sorted(one.version.counts.items())
    start = "defect:"
    return sorted(
        (name.removeprefix(start), count)
        for name, count in one.version.counts.items()
        if name.startswith(start)
    )


def _difference(session: Session, part: PartRecord, found: list[VersionFacts]) -> None:
    kinds = [kind for kind in KINDS if sum(one.version.kind == kind for one in found) >= 2]
    if not kinds:
        st.caption(_("Two versions of one kind are needed."))
        return
    first_box, second_box, third_box = st.columns(3)
    kind = first_box.selectbox(_("Kind"), kinds, format_func=lambda one: _(KINDS[one]), key="diff_kind")
    numbers = [one.version.number for one in found if one.version.kind == kind]
    old = second_box.selectbox(_("From version"), numbers, index=1, key=f"diff_old_{kind}")
    new = third_box.selectbox(_("To version"), numbers, index=0, key=f"diff_new_{kind}")
    _draw_difference(diff(session.work, part.name, old, new, kind=kind))


def _draw_difference(report: DiffReport) -> None:
    for box, text, value in zip(
        st.columns(4),
        (_("the same"), _("added"), _("removed"), _("changed")),
        (report.same, report.added, report.removed, report.changed),
        strict=True,
    ):
        box.metric(text, value, border=True)
    for title, counts in (
        (_("Added, by type"), report.added_by),
        (_("Removed, by type"), report.removed_by),
        (_("Changed in"), report.changed_in),
    ):
        if counts:
            st.markdown("**" + title + "**: " + _counts(counts))
    names = {"added": _("added"), "removed": _("removed"), "changed": _("changed")}
    for sort, examples in report.examples.items():
        with st.expander(_("First ones that were {sort}").format(sort=names[sort])):
            st.text("\n".join(examples))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"`{name}` {count}" for name, count in counts.items())


def _export(session: Session, part: PartRecord, found: list[VersionFacts]) -> None:
    up = engine_runs()
    with session.work.registry.read() as rows:
        types = sorted({one.defect_type for one in rows.samples.counts(part.id)})
        models = [one.number for one in rows.models.list(part.id) if one.status == "ready"]
    if not types:
        st.caption(_("There are no samples to export yet."))
        return
    left, middle, right = st.columns(3)
    everything = _("all")
    chosen = left.selectbox(_("Format"), format_names(), key="export_format")
    defect = middle.selectbox(_("Defect type"), [everything, *types], key="export_type")
    model = right.selectbox(_("From model"), [everything, *map(str, models)], key="export_model")
    wishes: dict[str, Any] = {
        "format": chosen,
        "defect": None if defect == everything else defect,
        "model": None if model == everything else model,
    }
    out = folder_for(session.work.settings, part, chosen, datetime.now(UTC))
    wishes["out"] = str(out)
    look, go, _rest = st.columns([1, 1, 2])
    if look.button(_("Look first"), disabled=not session.may("export")):
        _look(session, part, wishes)
    if go.button(_("Export"), type="primary", disabled=not (up and session.may("export"))):
        ordered(session.service.submit_export(part=part.name, wishes=wishes))
    show_jobs(session, part.name, "export")
    st.caption(
        _(
            "It goes to {folder}. What the gate has not judged to help stays here, unless a reason is given."
        ).format(folder=out)
    )
    against_gate(session, part, found, wishes, ready=up)


def _look(session: Session, part: PartRecord, wishes: Mapping[str, Any]) -> None:
    report = session.service.look_at_export(part=part.name, wishes=wishes)
    st.markdown(
        _("{images} samples ({types}), {good} good pictures beside them, {size:.0f} MB.").format(
            images=report.images,
            types=_counts(report.types),
            good=report.good_images,
            size=report.megabytes,
        )
    )
    if report.left_out:
        st.markdown(_("Left out: {reasons}").format(reasons=_counts(report.left_out)))


def _exports(session: Session, part: PartRecord) -> None:
    found = exports_of(session.work, part)
    if not found:
        st.caption(_("Nothing was exported yet."))
        return
    for one in found[:20]:
        with st.container(border=True):
            _one_export(session, part, one)


def _one_export(session: Session, part: PartRecord, one: ExportFacts) -> None:
    record = one.record
    head, button = st.columns([3, 1], vertical_alignment="center")
    head.markdown(
        f"**{record.format}** · "
        + _("version {number}").format(number=one.version)
        + f" · {record.created_at:%Y-%m-%d %H:%M} UTC · "
        + (_("○ every mask read back exactly") if one.exact else _("▲ some masks differ"))
    )
    if record.override_reason:
        head.markdown("▲ " + _("Against the gate: {reason}").format(reason=record.override_reason))
    with st.expander(_("What reading it back showed")):
        st.dataframe(
            [
                {
                    _("view"): name,
                    _("masks"): view["masks"],
                    _("exact"): view["exact"],
                    _("worst IoU"): f"{view['worst_iou']:.4f}",
                    _("can hold every mask"): _("yes") if view["lossless"] else _("no"),
                }
                for name, view in record.read_back.items()
            ],
            hide_index=True,
        )
        st.text(record.out_dir)
    if one.size is None:
        button.caption(_("The folder is gone."))
    elif session.may("export"):
        button.download_button(
            _("Download ({size:.0f} MB)").format(size=one.size / 1e6),
            data=lambda: zip_of(session.work, part, record).open("rb"),
            file_name=f"factory_gen-{part.id}-v{one.version}-{record.format}.zip",
            mime="application/zip",
            key=f"download_{record.id}",
        )
