"""What incoming pictures are held against: the champion, and limits learned from its own catalogue."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from data_registry.records import DatasetVersionRecord, ModelVersionRecord, PartRecord
from factory_gen.drift.limits import SHARE as WINDOW_SHARE
from factory_gen.drift.limits import SMALLEST_WINDOW, Limits, set_limits
from factory_gen.drift.look import CHUNK, WINDOWS, Looker
from factory_gen.drift.readings import Readings, join
from factory_gen.drift.readings import load as load_readings
from factory_gen.errors import InputRefused
from factory_gen.metrics.features import FeatureNet
from factory_gen.sampler.generator import pick_device
from factory_gen.sampler.parts import load_parts
from factory_gen.training.threads import use_threads
from pipelines.operation.monitor_pictures import Incoming, Reference, load, reference_of
from pipelines.progress import Progress
from pipelines.wiring import Workplace

# Enough parts in a window to tell +15 % of light from the light that lots differ by: see `bench drift`, which found it
# far more often with 100 magnetic tiles than with 50 (7 pictures per tile).
USUAL_WINDOW = 100
STAGE = "looking at the catalogue"
_METHOD = "drift 2"  # another number when readings mean something else
_RULE = "limits 2"  # another number when limits mean something else


@dataclass(frozen=True)
class Baseline:
    """What incoming pictures are held against.

    Attributes:
        part, model, version: whose, by which model, on which catalogue version.
        reference: the catalogue's pictures.
        limits: learned from them.
        looker: looks at pictures as it looked at these.
        sha256: hash of all that; windows of another baseline are never compared with these.
    """

    part: PartRecord
    model: ModelVersionRecord
    version: DatasetVersionRecord
    reference: Reference
    limits: Limits
    looker: Looker
    sha256: str


def open_baseline(work: Workplace, part: str, window: int | None, say: Progress) -> Baseline:
    """Load the champion and learn the limits; the catalogue is looked at once per champion.

    Args:
        work: where things are.
        part: name of the part.
        window: pictures per window; None takes 100, or a third of a smaller catalogue.
        say: told how far it is.

    Raises:
        NotFound: no such part, or no model yet.
        InputRefused: too few good pictures for the window.
    """
    use_threads(work.settings.threads)
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        model = rows.models.get(owner.id)
        version = next(v for v in rows.datasets.list(owner.id) if v.id == model.dataset_version_id)
    reference = reference_of(work, owner, version)
    size = window or min(USUAL_WINDOW, len(reference.rows) // WINDOW_SHARE)
    if size < SMALLEST_WINDOW:
        raise InputRefused(
            expected=f"{SMALLEST_WINDOW * WINDOW_SHARE} or more good pictures, {SMALLEST_WINDOW} or more per window",
            found=f"{len(reference.rows)} good pictures, windows of {size}",
            action="Ingest more good pictures and train again; drift cannot be told from so few.",
        )
    looker = _looker(work, model)
    key = _digest([_METHOD, version.manifest_sha256, model.weights_sha256, WINDOWS])
    path = work.settings.home / "monitor" / f"part{owner.id}-{key[:16]}.npz"
    readings = load_readings(path)
    if readings is None:
        readings = _look(work, looker, reference, say)
        readings.save(path)
    limits = set_limits(readings, size)
    return Baseline(owner, model, version, reference, limits, looker, _digest([key, size, _RULE]))


def _looker(work: Workplace, model: ModelVersionRecord) -> Looker:
    parts = load_parts(work.settings.models_dir / model.folder)
    device = pick_device(work.settings.device)
    for network in (parts.autoencoder, parts.prior):
        network.to(device)
    return Looker(
        parts.autoencoder,
        parts.prior,
        FeatureNet(device),
        parts.facts.window,
        parts.facts.channels,
        device,
        bf16=parts.facts.recipe.get("training", {}).get("precision") == "bf16",
    )


def _look(work: Workplace, looker: Looker, reference: Reference, say: Progress) -> Readings:
    say.start(STAGE, len(reference.rows), "pictures")
    found = []
    for start in range(0, len(reference.rows), CHUNK):
        rows = reference.rows[start : start + CHUNK]
        images = [load(work, Incoming(row.relative_path, row.sha256, row=row), None) for row in rows]
        seen = [row.split != "holdout" for row in rows]
        found.append(looker.look(images, [row.group for row in rows], seen))
        say.advance(STAGE, len(rows))
    say.finish(STAGE)
    return join(found)


def _digest(facts: list[object]) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
