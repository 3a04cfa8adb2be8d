"""Checked calls of those who judge: reviews, the gate, figures, exports."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_registry.records import PartRecord, ReviewRecord
from pipelines import schedule
from pipelines.figures.kpi_facts import Facts, gather, keep, rows_of
from pipelines.figures.kpi_names import INPUTS
from pipelines.figures.roi_inputs import RoiInputs
from pipelines.operation.promotion import PromotionReport, promote, rollback
from pipelines.review import desk as review_desk
from pipelines.schedule import ScheduleReport
from pipelines.services.calls import Calls, checked

if TYPE_CHECKING:
    from data_registry.people_records import OverrideRecord
    from pipelines.export import ExportReport


class JudgeCalls(Calls):
    """Review, gate, promote, export."""

    @checked("review")
    def review(self, *, part: str, sample_id: int, decision: str, reason: str = "") -> ReviewRecord:
        """Store a decision ("ok", "ng" or "undecided") on a sample of `part`; it is durable when this returns."""
        with self.work.registry.write() as rows:
            return rows.reviews.add(sample_id, decision=decision, reviewer=self.actor.name, reason=reason)

    @checked("review")
    def claim_reviews(
        self,
        *,
        part: str,
        desk: str,
        count: int,
        have: Collection[str] = (),
        defect_type: str | None = None,
        blind: bool = False,
    ) -> list[str]:
        """Take the next things to decide on, which no other desk gets; see `pipelines.review.desk.claim`."""
        return review_desk.claim(
            self.work,
            self._part(part),
            desk=desk,
            count=count,
            have=have,
            defect_type=defect_type,
            blind=blind,
        )

    @checked("review")
    def decide(
        self, *, part: str, key: str, decision: str, desk: str, session: str | None = None, reason: str = ""
    ) -> ReviewRecord:
        """Store a decision on what a desk has claimed; it is durable when this returns."""
        return review_desk.decide(
            self.work,
            self._part(part),
            key,
            decision=decision,
            reviewer=self.actor.name,
            desk=desk,
            session=session,
            reason=reason,
        )

    @checked("review")
    def take_back_review(self, *, part: str, desk: str, session: str | None = None) -> str | None:
        """Undo one's own last decision that still counts; gives the key of what is open again."""
        return review_desk.take_back(
            self.work, self._part(part), reviewer=self.actor.name, session=session, desk=desk
        )

    @checked("figures")
    def keep_figures(self, *, part: str, inputs: RoiInputs) -> Facts:
        """Keep the inputs of the money page and today's figures, so that a trend can be drawn."""
        owner = self._part(part)
        facts = gather(self.work, owner, inputs)
        stored = keep(self.work, owner, rows_of(facts))
        with self.work.registry.write() as rows:
            rows.kpis.add(owner.id, name=INPUTS, value=float(stored), unit="", details=asdict(inputs))
        self._note("figures", part, stored=stored)
        return facts

    @checked("promote")
    def promote(self, *, part: str, model: int, why: str) -> None:
        """Make a model version the champion, in the registry and in MLflow; the one before can be had back."""
        owner = self._part(part)
        with self.work.registry.read() as rows:
            chosen = rows.models.get(owner.id, model)
        promote(self.work, owner, chosen, actor=self.actor.name, why=why)

    @checked("promote")
    def roll_back(self, *, part: str) -> PromotionReport:
        """Make the champion of before the champion again."""
        return rollback(self.work, part, actor=self.actor.name)

    @checked("export")
    def look_at_export(self, *, part: str, wishes: Mapping[str, Any]) -> ExportReport:
        """Say what an export would hold, without asking the gate; nothing is written."""
        from pipelines import export

        return export.run(
            self.work,
            part,
            format=str(wishes["format"]),
            out=Path(str(wishes["out"])),
            model=wishes.get("model"),
            defect=wishes.get("defect"),
            override="a look before the export",
            dry_run=True,
        )

    @checked("ask override")
    def ask_override(self, *, part: str, version_id: int, reason: str) -> OverrideRecord:
        """Ask that a version may go against the gate; an admin confirms it."""
        owner = self._part(part)
        with self.work.registry.write() as rows:
            asked = rows.overrides.ask(
                owner.id, dataset_version_id=version_id, reason=reason, asked_by=self.actor.name
            )
        self._note("ask override", part, version=version_id, reason=reason)
        return asked

    @checked("schedule")
    def set_policy(
        self, *, part: str, cron: str | None, timezone: str, triggers: Sequence[str]
    ) -> ScheduleReport:
        """Set when a part is retrained."""
        name = self.actor.name
        return schedule.set_policy(
            self.work, part, cron=cron, timezone=timezone, triggers=triggers, set_by=name
        )

    @checked("schedule")
    def switch_off(self, *, part: str) -> ScheduleReport:
        """Start no retraining by itself any more."""
        return schedule.switch_off(self.work, part, set_by=self.actor.name)

    def _part(self, name: str) -> PartRecord:
        with self.work.registry.read() as rows:
            return rows.parts.get(name)
