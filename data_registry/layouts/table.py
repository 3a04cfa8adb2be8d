"""The layouts that ingest reads, and how one is recognised. A new layout is one file and one line here."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data_registry.layouts import anomalib, coco, mvtec, ok_ng
from data_registry.layouts.found import Finding, Found, LayoutRefused, MaskFiles, MaskInBoxes
from data_registry.layouts.walk import files_in, pictures_below, subfolders


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay out a folder.

    Attributes:
        name: as on the command line.
        about: what the folder looks like, in one line.
        matches: says whether a folder looks like it.
        scan: yields what the folder holds.
    """

    name: str
    about: str
    matches: Callable[[Path], bool]
    scan: Callable[[Path], Iterator[Finding]]


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("mvtec", "train/good, test/<type>, ground_truth/<type>", mvtec.matches, mvtec.scan),
        Layout("coco", "a COCO json beside pictures", coco.matches, coco.scan),
        Layout(
            "anomalib",
            "normal, abnormal, mask; or good beside a folder per type",
            anomalib.matches,
            anomalib.scan,
        ),
        Layout("ok_ng", "ok and ng, masks in mask/ or beside as <name>_mask", ok_ng.matches, ok_ng.scan),
    )
}


@dataclass(frozen=True, slots=True)
class Detected:
    """The layout of a folder.

    Attributes:
        layout: the one that is used.
        base: where it begins below the folder: "" or the name of the only subfolder.
        others: further layouts that fit, by name.
    """

    layout: Layout
    base: str = ""
    others: tuple[str, ...] = ()


def detect(root: Path, wanted: str = "auto") -> Detected:
    """Recognise a folder's layout, or check that it has the one that the user names.

    Raises:
        LayoutRefused: no layout fits; the message says what the folder looks like instead.
    """
    if wanted != "auto" and wanted not in LAYOUTS:
        near = difflib.get_close_matches(wanted, LAYOUTS, n=1)
        raise LayoutRefused(
            "unknown-layout",
            expected=f"a layout out of auto, {', '.join(LAYOUTS)}",
            found=repr(wanted),
            action=f"Did you mean {near[0]!r}?" if near else "Leave --layout out to have it recognised.",
        )
    for base in _bases(root):
        fitting = [layout.name for layout in LAYOUTS.values() if layout.matches(root / base)]
        if wanted in fitting:
            fitting.insert(0, fitting.pop(fitting.index(wanted)))
        if fitting and wanted in ("auto", fitting[0]):
            return Detected(LAYOUTS[fitting[0]], base, tuple(fitting[1:]))
    raise _nothing_fits(root, wanted)


def scan(root: Path, detected: Detected) -> Iterator[Finding]:
    """Yield what the folder holds, with paths relative to `root`.

    Raises:
        LayoutRefused: a description file of the layout is broken.
    """
    for finding in detected.layout.scan(root / detected.base):
        yield _below(detected.base, finding) if detected.base else finding


def _bases(root: Path) -> list[str]:
    """The folder itself, and its only subfolder: archives often wrap everything in one."""
    inner = subfolders(root)
    return ["", inner[0]] if len(inner) == 1 else [""]


def _below(base: str, finding: Finding) -> Finding:
    moved = dataclasses.replace(finding, relative_path=f"{base}/{finding.relative_path}")
    if isinstance(moved, Found) and isinstance(moved.mask, MaskFiles | MaskInBoxes):
        paths = tuple(f"{base}/{path}" for path in moved.mask.paths)
        return dataclasses.replace(moved, mask=dataclasses.replace(moved.mask, paths=paths))
    return moved


def _nothing_fits(root: Path, wanted: str) -> LayoutRefused:
    known = "; ".join(f"{layout.name} ({layout.about})" for layout in LAYOUTS.values())
    expected = f"one of the layouts {known}" if wanted == "auto" else f"the layout {LAYOUTS[wanted].about}"
    if not any(root.iterdir()):
        return _refusal("empty-folder", expected, "an empty folder", "Check the path.")
    if not any(isinstance(finding, str) for finding in pictures_below(root, "")):
        return _refusal("no-pictures", expected, "a folder without a picture", "Check the path.")
    parts = [name for name in subfolders(root) if any(one.matches(root / name) for one in LAYOUTS.values())]
    if len(parts) > 1:
        some = ", ".join(parts[:5])
        return _refusal(
            "several-parts",
            expected,
            f"a folder of {len(parts)} parts ({some})",
            "Ingest each of them on its own, with its own --part.",
        )
    if any(isinstance(finding, str) for finding in files_in(root)):
        return _refusal(
            "unsorted-pictures",
            expected,
            "pictures without a folder that says what they are",
            "Put the good ones into ok/ and the defective ones into ng/, then ingest again.",
        )
    some = ", ".join(subfolders(root)[:5]) or "none"
    return _refusal(
        "unknown-folders", expected, f"folders named {some}", "Rename them to one of these layouts."
    )


def _refusal(reason: str, expected: str, found: str, action: str) -> LayoutRefused:
    return LayoutRefused(reason, expected=expected, found=found, action=action)
