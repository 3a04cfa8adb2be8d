"""What a part's real defects teach before anything is drawn: about each type, and what samples are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_registry.records import PartRecord
from factory_gen.sampler.generator import Generator
from pipelines.scoring.defect_knowledge import TypeKnowledge, learn_types
from pipelines.scoring.sample_check import SampleCheck, learn_check
from pipelines.scoring.score_limits import LimitChoice
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class Learned:
    """What is known of each type, and the check that samples go through."""

    knowledge: dict[str, TypeKnowledge]
    check: SampleCheck


def learn(
    work: Workplace, part: PartRecord, generator: Generator, types: Sequence[str], limits: LimitChoice
) -> Learned:
    """Look at the generator split's real defects.

    Raises:
        InputRefused: a type has no masked defect left in the catalogue.
        UsageError: the limits speak of a defect type that there is not.
    """
    knowledge = learn_types(work, part, generator, types)
    return Learned(knowledge, learn_check(work, part, knowledge, limits, generator.parts.facts.few))
