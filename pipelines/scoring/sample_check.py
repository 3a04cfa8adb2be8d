"""The check that every generated sample goes through: the audit, the cheap scores, and the limits of its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_registry.records import PartRecord
from factory_gen.composite.audit import Audit, AuditRules, audit
from factory_gen.images.dataset import PartImage
from factory_gen.images.masks import crop_around
from factory_gen.images.windows import to_unit
from factory_gen.metrics.neighbours import CopyCheck
from factory_gen.metrics.seam import measure_seam
from factory_gen.quality.limits import Limit, RealDefect, ScoreLimits, learn_limits
from factory_gen.quality.looks import REACH, nearest_rank, rank
from factory_gen.quality.scores import SampleScores
from pipelines.scoring.defect_knowledge import TypeKnowledge
from pipelines.scoring.real_looks import real_looks
from pipelines.scoring.score_limits import LimitChoice
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class SampleCheck:
    """Judges composites of one part.

    Attributes:
        rules: per type, what the audit goes by, limits for contrast and distance included.
        limits: of every type and score.
        contrasts: per type, the contrasts of its real defects.
    """

    rules: Mapping[str, AuditRules]
    limits: ScoreLimits
    contrasts: Mapping[str, Sequence[float]]

    def examine(
        self, defect_type: str, source: PartImage, result: np.ndarray, mask: np.ndarray, region: np.ndarray
    ) -> tuple[Audit, SampleScores]:
        """Audit one composite and score it.

        Args:
            defect_type: what was drawn.
            source: the good picture.
            result: (H,W) or (H,W,3), like the source.
            mask: (H,W) bool.
            region: (H,W) bool, the part or the allowed region.

        Returns:
            The audit, its reasons and verdict extended by the limits that do not hold, and the scores.
        """
        rules = self.rules[defect_type]
        found = audit(source.pixels, result, mask, source.bit_depth, region, rules)
        scores = self.scores(defect_type, found, result, mask, region, source.bit_depth)
        more = tuple(
            reason for reason in self.limits.failures(defect_type, scores) if reason not in found.reasons
        )
        reasons = found.reasons + more
        return replace(found, reasons=reasons, passed=not reasons), scores

    def scores(
        self,
        defect_type: str,
        found: Audit,
        result: np.ndarray,
        mask: np.ndarray,
        region: np.ndarray,
        bit_depth: int,
    ) -> SampleScores:
        """The cheap scores of a composite that has been audited; arguments as in `examine`."""
        near = crop_around(mask, REACH)
        pixels = result[near]
        picture = to_unit(pixels, bit_depth, 1 if pixels.ndim == 2 else pixels.shape[2])
        seam = measure_seam(picture, mask[near], region=region[near])
        return SampleScores(
            contrast=found.contrast,
            visibility=rank(found.contrast, self.contrasts.get(defect_type, ())),
            fill=found.fill,
            change=found.change,
            grain=found.grain,
            seam=seam.step,
            rim=seam.rim,
            nearest_real=found.nearest_real,
            nearest_rank=nearest_rank(found.nearest_real, self.rules[defect_type].copies),
        )


def learn_check(
    work: Workplace,
    part: PartRecord,
    knowledge: Mapping[str, TypeKnowledge],
    choice: LimitChoice,
    few: int = 0,
) -> SampleCheck:
    """Learn the limits from the generator split's real defects of all types, and apply the user's changes.

    Args:
        work: registry and blobs.
        part: whose defects.
        knowledge: of each type that is drawn.
        choice: the user's changes.
        few: real defects per type that may be looked at, 0 for all.

    Raises:
        UsageError: the changes speak of a defect type that there is not.
    """
    return make_check(real_looks(work, part, few), knowledge, choice)


def make_check(
    reals: Sequence[RealDefect], knowledge: Mapping[str, TypeKnowledge], choice: LimitChoice
) -> SampleCheck:
    """The same from real defects that have been scored already."""
    limits = part_limits(
        reals,
        {name: own.rules.contrast_floor for name, own in knowledge.items()},
        {name: own.rules.copies for name, own in knowledge.items() if own.rules.copies is not None},
        choice,
    )
    rules = {name: _rules(own.rules, limits, name, choice.used) for name, own in knowledge.items()}
    contrasts = {
        name: [real.scores.contrast for real in reals if real.defect_type == name] for name in knowledge
    }
    return SampleCheck(rules, limits, contrasts)


def part_limits(
    reals: Sequence[RealDefect],
    floors: Mapping[str, float],
    copies: Mapping[str, CopyCheck],
    choice: LimitChoice,
) -> ScoreLimits:
    """All limits of a part: those learned by leaving groups out, those with a way of their own, the user's changes.

    Args:
        reals: scored real defects.
        floors: per type, least contrast (see `visibility_floor`).
        copies: per type, what is too near to a real defect (see `learn_copy_check`).
        choice: the user's changes.
    """
    learned = learn_limits(reals)
    for name, floor in floors.items():
        learned = learned.with_limit(name, "contrast", Limit(low=floor))
    for name, check in copies.items():
        learned = learned.with_limit(name, "nearest_real", Limit(low=check.limit))
    return choice.applied(learned, sorted(learned.by_type))


def _rules(learned: AuditRules, limits: ScoreLimits, name: str, used: bool) -> AuditRules:
    """The audit's rules with the user's limits in them; as learned where no limits are used."""
    if not used:
        return learned
    return replace(
        learned,
        contrast_floor=limits.of(name, "contrast").low or 0.0,
        copies=_copies(learned.copies, limits.of(name, "nearest_real").low),
    )


def _copies(learned: CopyCheck | None, limit: float | None) -> CopyCheck | None:
    return None if learned is None else replace(learned, limit=limit or 0.0)
