"""What every export format gives: how it is written, how it is read back, how it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from factory_gen.export.item import ExportItem, GoodImage
from factory_gen.export.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The defect types of one export.

    Attributes:
        part: the part's name.
        types: defect types, sorted; their order is the order of class numbers.
        folders: {type: its safe folder name}.
    """

    part: str
    types: tuple[str, ...]
    folders: Mapping[str, str]

    def number(self, defect_type: str) -> int:
        """Class number of a type, from 0."""
        return self.types.index(defect_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A synthetic picture that has been written: `image` and `mask` (lossless) are its paths in the export."""

    item: ExportItem
    image: str
    mask: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedGood:
    """A real good picture that has been written to the path `image`."""

    good: GoodImage
    image: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadMask:
    """A mask as the format's usual reader sees it.

    Attributes:
        name: the sample's file name without suffix.
        view: which file or folder it was read from.
        mask: (H,W) bool.
    """

    name: str
    view: str
    mask: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One export format.

    Attributes:
        name: what `--format` takes.
        title: its name in a sentence.
        write: puts pictures into a tree, one at a time, and yields where each went.
        read_back: yields every mask as the format's usual reader sees it.
        views: {file or folder that holds masks: True where the format can hold every mask exactly}.
        wants_good: whether real good pictures go along unless asked otherwise.
        good_suffixes: suffixes that the format's usual reader takes for good pictures.
        how_to_load: Markdown for the card, with `{root}` for the export's folder.
    """

    name: str
    title: str
    write: Callable[[Tree, Iterable[ExportItem], Iterable[GoodImage], Labels], Iterator[Placed | PlacedGood]]
    read_back: Callable[[Path], Iterator[ReadMask]]
    views: Mapping[str, bool]
    wants_good: bool
    good_suffixes: frozenset[str]
    how_to_load: str
