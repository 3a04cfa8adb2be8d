"""The words for jobs: kinds, states, stages, and what came of one in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ui.language.words import N_, _

KINDS = {
    "ingest": N_("Taking pictures in"),
    "train": N_("Training"),
    "generate": N_("Batch of samples"),
    "gate": N_("Gate"),
    "export": N_("Export"),
    "retrain": N_("Retraining"),
    "monitor": N_("Watching incoming pictures"),
    "bench": N_("Measuring this machine"),
}
STATES = {
    "queued": N_("waiting"),
    "starting": N_("starting"),
    "running": N_("running"),
    "cancelling": N_("being cancelled"),
    "done": N_("done"),
    "failed": N_("failed"),
    "crashed": N_("broke off"),
    "cancelled": N_("cancelled"),
}
MARKS = {
    "queued": "schedule",
    "starting": "play_circle",
    "running": "play_circle",
    "cancelling": "stop_circle",
    "done": "check_circle",
    "failed": "error",
    "crashed": "error",
    "cancelled": "block",
}
STAGES = {
    "looking": N_("reading files"),
    "storing": N_("storing"),
    "autoencoder": N_("learning to rebuild pictures"),
    "grain": N_("learning the grain"),
    "bank": N_("collecting real defects"),
    "prior": N_("learning the prior"),
    "codes": N_("learning the codes"),
    "flow": N_("learning to draw defects"),
    "measuring": N_("measuring"),
    "generating": N_("drawing and checking"),
    "gate": N_("training inspectors"),
    "write": N_("writing"),
    "read back": N_("reading back"),
    "scoring samples": N_("scoring"),
    "learning from real defects": N_("learning from real defects"),
    "looking at the catalogue": N_("looking at the catalogue"),
    "looking at incoming pictures": N_("looking at incoming pictures"),
}
VERDICTS = {"helps": N_("✓ helps"), "not proven": N_("? not proven"), "harms": N_("✕ harms")}


def stage_words(stage: str) -> str:
    """A stage in the visitor's language; one that has no words yet as it is."""
    return _(STAGES[stage]) if stage in STAGES else stage


def time_left(seconds: float) -> str:
    """How long something will still take, in seconds, minutes or hours."""
    if seconds < 100:
        return _("about {n} s left").format(n=round(seconds))
    if seconds < 100 * 60:
        return _("about {n} min left").format(n=round(seconds / 60))
    return _("about {n} h left").format(n=round(seconds / 3600))


def outcome_words(kind: str, report: Mapping[str, Any]) -> str:
    """What came of a job that is done, from its report; nothing for a kind whose report says nothing to people."""
    told = _OUTCOMES.get(kind)
    return told(report) if told else ""


def _ingested(report: Mapping[str, Any]) -> str:
    refused = sum(report["refused_by_reason"].values())
    return _("{added} pictures were added, {refused} refused.").format(added=report["added"], refused=refused)


def _trained(report: Mapping[str, Any]) -> str:
    text = _("Model {number} is ready after {minutes:.0f} min.").format(
        number=report["model"], minutes=report["seconds"] / 60
    )
    role = _("It is the champion.") if report["champion"] else _("It is a challenger until it is promoted.")
    return f"{text} {role}"


def _generated(report: Mapping[str, Any]) -> str:
    return _("{kept} of {asked} are stored, by model {model}.").format(
        kept=report["kept"], asked=report["asked"], model=report["model"]
    )


def _judged(report: Mapping[str, Any]) -> str:
    return _("Version {number}: {verdict}, lift {lift:+.3f}.").format(
        number=report["version"], verdict=_(VERDICTS[report["verdict"]]), lift=report["lift"]
    )


def _exported(report: Mapping[str, Any]) -> str:
    return _("{images} samples of version {number} are in {folder}.").format(
        images=report["images"], number=report["dataset_version"], folder=report["out"]
    )


def _retrained(report: Mapping[str, Any]) -> str:
    if report["outcome"] == "promoted":
        return _("Model {number} was promoted.").format(number=report["champion"])
    return _("Model {number} stays champion; model {challenger} was not proven to be better.").format(
        number=report["champion"], challenger=report["challenger"]
    )


_OUTCOMES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "ingest": _ingested,
    "train": _trained,
    "generate": _generated,
    "gate": _judged,
    "export": _exported,
    "retrain": _retrained,
}
