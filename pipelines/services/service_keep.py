"""Checked calls of those who keep: users, the audit trail, requests against the gate, stored bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_registry.people_records import AccountRecord, ChainState, OverrideRecord
from data_registry.watch_records import AuditRecord
from pipelines import delete_part, verify
from pipelines.delete_part import DeleteReport
from pipelines.services import accounts, visits
from pipelines.services.calls import Calls, checked
from pipelines.verify import VerifyReport
from pipelines.wiring import part_lock


class KeepCalls(Calls):
    """Users, audit trail, overrides, storage."""

    @checked("users")
    def users(self) -> list[AccountRecord]:
        """All accounts."""
        with self.work.registry.read() as rows:
            return rows.accounts.list()

    @checked("users")
    def add_user(
        self, *, name: str, password: str | None, role: str, parts: Sequence[str] | None = None
    ) -> AccountRecord:
        """Make an account; see `pipelines.services.accounts.add`."""
        return accounts.add(self.work, name, password, role=role, parts=parts, by=self.actor.name)

    @checked("users")
    def change_user(
        self, *, name: str, role: str | None = None, active: bool | None = None, password: str | None = None
    ) -> AccountRecord:
        """Change what is given of an account; see `pipelines.services.accounts.change`."""
        return accounts.change(
            self.work, name, role=role, active=active, password=password, by=self.actor.name
        )

    @checked("users")
    def assign_parts(self, *, name: str, parts: Sequence[str] | None) -> AccountRecord:
        """Say which parts a person works on; None for all."""
        return accounts.set_parts(self.work, name, parts, by=self.actor.name)

    @checked("own account")
    def remember(
        self, *, language: str | None = None, choices: Mapping[str, Any] | None = None
    ) -> AccountRecord:
        """Keep what this person has chosen: the language, zoom, overlay, ..."""
        with self.work.registry.write() as rows:
            return rows.accounts.change(self.actor.name, language=language, choices=choices)

    @checked("own account")
    def log_out(self) -> None:
        """End this visit."""
        visits.log_out(self.work, self._token)

    @checked("own account")
    def change_own_password(self, *, old: str, new: str) -> None:
        """Give oneself a new password; all of one's visits end.

        Raises:
            NotPermitted: the old one is wrong.
            InputRefused: the new one is not good enough.
        """
        accounts.prove(self.work, self.actor.name, old)
        accounts.change(self.work, self.actor.name, password=new, by=self.actor.name)

    @checked("see audit")
    def audit_page(
        self, *, limit: int = 60, before_id: int | None = None, actor: str | None = None
    ) -> list[AuditRecord]:
        """The newest events of the audit trail, newest first."""
        with self.work.registry.read() as rows:
            return rows.audit.recent(limit, before_id=before_id, actor=actor)

    @checked("see audit")
    def check_audit(self) -> ChainState:
        """Go along the whole audit trail and say where it is not what was written."""
        with self.work.registry.read() as rows:
            return rows.audit.check()

    @checked("confirm override")
    def confirm_override(self, *, override_id: int) -> OverrideRecord:
        """Confirm, as a second person, that a version may be handed out against the gate."""
        with self.work.registry.write() as rows:
            confirmed = rows.overrides.confirm(override_id, confirmed_by=self.actor.name)
            rows.audit.add(
                actor=self.actor.name,
                action="confirm override",
                subject=str(confirmed.dataset_version_id),
                details={"asked by": confirmed.asked_by, "reason": confirmed.reason},
            )
        return confirmed

    @checked("delete")
    def look_at_part_end(self, *, part: str) -> DeleteReport:
        """List everything that is derived from a part; nothing is touched."""
        return delete_part.run(self.work, part, actor=self.actor.name)

    @checked("delete")
    def delete_part(self, *, part: str) -> DeleteReport:
        """Destroy a part with everything that is derived from it.

        Raises:
            Locked: a job works on it.
        """
        with part_lock(self.work.settings, part, "delete part"):
            return delete_part.run(self.work, part, actor=self.actor.name, sure=True)

    @checked("check storage")
    def check_storage(self, *, share: float = 0.05) -> VerifyReport:
        """Compare the registry with the stored bytes; `share` of the bytes is hashed again, 0 to 1."""
        return verify.run(self.work, sample_bytes=share)
