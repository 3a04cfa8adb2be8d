"""Write one export: pictures, manifests, read-back, card, and then the rename that makes it appear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from factory_gen.errors import GateNotPassed
from factory_gen.export.card import CARD, CardFacts, card_text
from factory_gen.export.gate import Gate
from factory_gen.export.item import ExportItem, GoodImage, mask_digest
from factory_gen.export.layout import Format, Labels, Placed, ReadMask
from factory_gen.export.manifest import MANIFEST, MANIFEST_REAL, real_line, synthetic_line
from factory_gen.export.names import safe_names
from factory_gen.export.readback import ReadBack, compare, judge, read_manifest_masks
from factory_gen.export.staging import publish, staged
from factory_gen.export.summary import Summary
from factory_gen.export.tree import Stream, Tree, tree_sha256

WRITE, READ = "write", "read back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to export.

    Attributes:
        part: the part's name.
        version: number of the synthetic data set version.
        fmt: the format.
        target: the folder that is to appear; it must not exist, or hold this very export.
        types: the defect types that occur.
        notes: sentences for the card.
    """

    part: str
    version: int
    fmt: Format
    target: Path
    types: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was exported.

    Attributes:
        images, goods: numbers of synthetic and of real good pictures.
        counts: {defect type: pictures}.
        manifest_sha256: hash of `manifest.jsonl`.
        tree_sha256: one hash for the whole folder.
        read_back: what the readers saw, one entry for each file or folder that holds masks.
        already_there: the target held exactly this export; nothing was written.
    """

    images: int
    goods: int
    counts: dict[str, int]
    manifest_sha256: str
    tree_sha256: str
    read_back: tuple[ReadBack, ...]
    already_there: bool


@dataclass(slots=True)
class _Account:
    """What is remembered of the pictures that have been written: about 300 bytes for each."""

    summary: Summary = field(default_factory=Summary)
    truth: dict[str, bytes] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)
    goods: int = 0

    def add(self, placed: Placed) -> None:
        """Remember one picture."""
        self.summary.add(placed.item)
        self.truth[placed.item.name] = mask_digest(placed.item.mask)
        self.masks[placed.item.name] = placed.mask


def write_export(
    order: Order,
    items: Iterable[ExportItem],
    goods: Iterable[GoodImage],
    gate: Gate,
    *,
    on_step: Callable[[str], None] = lambda stage: None,
) -> Written:
    """Write, read back and publish one export. Items are taken one at a time and not kept.

    `on_step` is called with `WRITE` after each picture and with `READ` after each mask that was read back.

    Raises:
        GateNotPassed: there is nothing to export, or a check forbids it and `gate` has no reason to go on.
        InputRefused: the target holds something else or cannot be written.
        IntegrityError: bytes are not what they should be.
        NoSpace: the disk is full; nothing is left behind.
    """
    with staged(order.target) as tree:
        account = _write_pictures(order, tree, items, goods, on_step)
        if not account.truth:
            raise GateNotPassed(
                expected="at least one sample to export",
                found="none",
                action="Generate samples first, or ask for fewer conditions.",
            )
        results = _check(order.fmt, tree.root, account, on_step)
        judge(results, gate)
        tree.put(CARD, card_text(_facts(order, account, results, gate, tree)).encode())
        fresh = publish(tree, order.target)
        return Written(
            images=len(account.truth),
            goods=account.goods,
            counts=dict(sorted(account.summary.types.items())),
            manifest_sha256=tree.files[MANIFEST],
            tree_sha256=tree_sha256(tree.files),
            read_back=results,
            already_there=not fresh,
        )


def _write_pictures(
    order: Order,
    tree: Tree,
    items: Iterable[ExportItem],
    goods: Iterable[GoodImage],
    on_step: Callable[[str], None],
) -> _Account:
    """Write the pictures as the format wants them, and a manifest line for each."""
    account = _Account()
    types = tuple(sorted(order.types))
    labels = Labels(part=order.part, types=types, folders=safe_names(types))
    with ExitStack() as files:
        synthetic = files.enter_context(tree.stream(MANIFEST))
        real: Stream | None = None
        for placed in order.fmt.write(tree, items, goods, labels):
            image = (placed.image, tree.files[placed.image])
            if isinstance(placed, Placed):
                account.add(placed)
                synthetic.write(synthetic_line(placed.item, image, (placed.mask, tree.files[placed.mask])))
            else:
                real = real or files.enter_context(tree.stream(MANIFEST_REAL))
                real.write(real_line(placed.good, image))
                account.goods += 1
            on_step(WRITE)
    return account


def _check(
    fmt: Format, root: Path, account: _Account, on_step: Callable[[str], None]
) -> tuple[ReadBack, ...]:
    """Read everything back: by the manifest, and by the format's own reader."""
    paths = {name: root / mask for name, mask in account.masks.items()}

    def told(found: Iterable[ReadMask]) -> Iterator[ReadMask]:
        for one in found:
            yield one
            on_step(READ)

    by_manifest = compare(told(read_manifest_masks(root)), account.truth, paths, {MANIFEST: True})
    return (*by_manifest, *compare(told(fmt.read_back(root)), account.truth, paths, fmt.views))


def _facts(
    order: Order, account: _Account, results: tuple[ReadBack, ...], gate: Gate, tree: Tree
) -> CardFacts:
    return CardFacts(
        part=order.part,
        version=order.version,
        fmt=order.fmt,
        summary=account.summary,
        goods=account.goods,
        results=results,
        reason=gate.reason,
        overridden=gate.overridden,
        notes=order.notes,
        manifest_sha256=tree.files[MANIFEST],
    )
