"""What an ingest found, and what it did: the same report before and after anything is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One file that was not taken in."""

    path: str
    reason: str
    expected: str
    found: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectCount:
    """One defect type: pictures, how many have a mask, how many groups they come from on either side."""

    defect_type: str
    pictures: int
    with_mask: int
    groups_generator: int
    groups_holdout: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """How pictures were put into groups.

    `method` is "groups file", "pattern", "look-alikes" or "one per file". `inferred` says that nobody stated the
    groups; `without` counts pictures that the method had nothing to say about (one group each).
    """

    method: str
    inferred: bool
    groups: int
    largest: int
    without: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """One folder or zip, as ingest saw it.

    Attributes:
        part, source: as given.
        layout: the layout that was used; `other_layouts` would fit, too.
        dry_run: whether writing was left out on purpose.
        good: good pictures; `defects` the defective ones by type.
        masks_matched: masks that belong to a defective picture.
        masks_unmatched: masks without a picture, the first hundred; `masks_unmatched_count` all.
        mask_wanted: defective pictures without a mask, the first hundred; `mask_wanted_count` all.
        refused: files that were not taken in; `refused_by_reason` counts them.
        left_out: files that play no part, by reason, with `left_out_examples`.
        sizes: the ten most frequent "W x H" with counts; `distinct_sizes` counts all.
        modes: "L 8 bit" and the like with counts.
        conversions: what the reader changed, with counts.
        duplicates: files whose bytes another file of the same kind has; only one of them is taken in.
        grouping: how groups were made.
        splits: "generator good", "holdout crack" and the like with counts of pictures.
        warnings: what a person should look at.
        possible: what can be done with this part now, and what is missing for more.
        added: rows that were written; `completed` rows got a mask that they lacked; `already_there` were stored.
        dataset_version: number of the catalogue version, None when nothing was written.
        images_per_s: pictures per second, from reading to the last row.
    """

    part: str
    source: str
    layout: str
    other_layouts: tuple[str, ...]
    dry_run: bool
    good: int
    defects: tuple[DefectCount, ...]
    masks_matched: int
    masks_unmatched_count: int
    masks_unmatched: tuple[str, ...]
    mask_wanted_count: int
    mask_wanted: tuple[str, ...]
    refused_by_reason: dict[str, int]
    refused: tuple[Refusal, ...]
    left_out: dict[str, int]
    left_out_examples: tuple[str, ...]
    sizes: dict[str, int]
    distinct_sizes: int
    modes: dict[str, int]
    conversions: dict[str, int]
    duplicates: int
    duplicate_examples: tuple[str, ...]
    grouping: Grouping
    splits: dict[str, int]
    warnings: tuple[str, ...]
    possible: tuple[str, ...]
    added: int
    completed: int
    already_there: int
    dataset_version: int | None
    seconds: float
    images_per_s: float
