"""`DATASET_CARD.md`: what a person should know before training on an export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from factory_gen.export.layout import Format
from factory_gen.export.manifest import MANIFEST, MANIFEST_REAL
from factory_gen.export.readback import ReadBack
from factory_gen.export.summary import Summary

CARD = "DATASET_CARD.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What the card tells.

    Attributes:
        part, version: the part's name and the number of the synthetic data set version.
        fmt: the format.
        summary: counts over the synthetic pictures.
        goods: number of real good pictures that go along.
        results: what the readers saw.
        reason: why a forbidden export went on; None where every check passed.
        overridden: {check: how often it failed}.
        notes: what else the reader should know, a sentence each.
        manifest_sha256: hash of the manifest.
    """

    part: str
    version: int
    fmt: Format
    summary: Summary
    goods: int
    results: tuple[ReadBack, ...]
    reason: str | None
    overridden: Mapping[str, int]
    notes: tuple[str, ...]
    manifest_sha256: str


def card_text(facts: CardFacts) -> str:
    """The card as Markdown: no time and no path of this machine, so that the same version gives the same bytes."""
    sections = (
        _head(facts),
        _override(facts),
        _contents(facts),
        _origin(facts.summary),
        _audit(facts.summary),
        _read_back(facts.results),
        _loading(facts),
        _RIGHTS,
    )
    return "\n".join(section for section in sections if section)


_RIGHTS = """\
## Rights and classification

The pictures were made from the plant's own images, by a model trained on them. They fall under the same ownership,
licence and classification as the source images: treat them as confidential unless their owner says otherwise.
"""


def _head(facts: CardFacts) -> str:
    count = sum(facts.summary.types.values())
    return f"""\
# Synthetic defects: {facts.part}, version {facts.version} ({facts.fmt.title})

**Synthetic: yes.** Each of the {count} defects here was generated inside its mask; every pixel outside the mask is
that of a real picture of a good part, named in `{MANIFEST}`. Do not use these pictures to accept or reject real
parts, and do not judge a model by them alone: use a real hold-out.
"""


def _override(facts: CardFacts) -> str:
    if facts.reason is None:
        return ""
    failed = "".join(
        f"- {check}: failed {count} time{'s' if count != 1 else ''}\n"
        for check, count in facts.overridden.items()
    )
    return f"## Exported against a check\n\nReason given: {facts.reason}\n\n{failed}"


def _contents(facts: CardFacts) -> str:
    rows = [(kind, str(count)) for kind, count in sorted(facts.summary.types.items())]
    real = (
        f"{facts.goods} real good pictures go along, all from the generator's split; they are listed in "
        f"`{MANIFEST_REAL}`, never in `{MANIFEST}`.\n"
        if facts.goods
        else "No real pictures go along.\n"
    )
    notes = "".join(f"- {note}\n" for note in facts.notes)
    return (
        "## Contents\n\n"
        + _table(("defect type", "pictures"), rows)
        + f"\n{real}\n`{MANIFEST}` (SHA-256 `{facts.manifest_sha256}`) has one line for each synthetic picture: the "
        "picture, its exact mask, the source image and the full lineage.\n" + (f"\n{notes}" if notes else "")
    )


def _origin(summary: Summary) -> str:
    models = [
        (version, f"`{recipe}`", str(count)) for (version, recipe), count in sorted(summary.models.items())
    ]
    draws = ", ".join(
        f"{solver} with {steps} steps ({count})" for (solver, steps), count in sorted(summary.draws.items())
    )
    return (
        "## How they were made\n\n"
        + _table(("model version", "recipe SHA-256", "pictures"), models)
        + f"\nSolver: {draws}. Seeds: from {int(summary.seeds.least)} to {int(summary.seeds.largest)}; each picture's "
        "own is in the manifest.\n"
    )


def _audit(summary: Summary) -> str:
    answers = [
        (key, f"{count[True]} of {sum(count.values())}")
        for key, count in sorted(summary.audit_answers.items())
    ]
    numbers = [
        (key, *(f"{figure:.4g}" for figure in (spread.least, spread.mean, spread.largest)))
        for key, spread in sorted(summary.audit_numbers.items())
    ]
    text = "## Audit\n\nEvery picture passed the audit when it was made.\n"
    if answers:
        text += "\n" + _table(("check", "yes"), answers)
    if numbers:
        text += "\n" + _table(("figure", "least", "mean", "largest"), numbers)
    return text


def _read_back(results: Iterable[ReadBack]) -> str:
    rows = [
        (
            f"`{result.view}`",
            "yes" if result.lossless else "no",
            f"{result.exact} of {result.masks}",
            f"{result.mean_iou:.6f}",
            f"{result.worst_iou:.6f}" + (f" ({result.worst})" if result.worst else ""),
        )
        for result in results
    ]
    return (
        "## Read back\n\nThe finished files were read with the format's usual reader and every mask compared.\n\n"
        + _table(("read from", "holds any mask", "exact", "mean IoU", "worst IoU"), rows)
    )


def _loading(facts: CardFacts) -> str:
    return f"## How to load\n\n{facts.fmt.how_to_load}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
