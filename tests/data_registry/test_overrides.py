"""Handing out against the gate takes two people and a reason."""

from __future__ import annotations

import pytest

from data_registry.errors import BadRecord, NotFound, RegistryError
from data_registry.people_records import OverrideRecord
from data_registry.records import PartRecord
from data_registry.session import Registry
from tests.data_registry.rows import dataset


def ask(registry: Registry, part: PartRecord, reason: str = "line stands") -> OverrideRecord:
    with registry.write() as rows:
        version = dataset(rows, part)
        return rows.overrides.ask(part.id, dataset_version_id=version.id, reason=reason, asked_by="Mia")


def test_a_second_person_confirms(registry: Registry, part: PartRecord) -> None:
    asked = ask(registry, part)
    with registry.write() as rows:
        assert rows.overrides.open() == [asked]
        with pytest.raises(BadRecord, match="second person"):
            rows.overrides.confirm(asked.id, confirmed_by="MIA")
        confirmed = rows.overrides.confirm(asked.id, confirmed_by="Bo")
        assert rows.overrides.confirm(asked.id, confirmed_by="Kim") == confirmed
        assert rows.overrides.latest(part.id, asked.dataset_version_id) == confirmed
        assert rows.overrides.open() == []
    assert confirmed.confirmed_by == "Bo"


def test_a_request_needs_a_reason_and_a_version(registry: Registry, part: PartRecord) -> None:
    with pytest.raises(BadRecord):
        ask(registry, part, "  ")
    with pytest.raises(RegistryError), registry.write() as rows:
        rows.overrides.ask(part.id, dataset_version_id=999, reason="r", asked_by="Mia")
    with pytest.raises(NotFound), registry.write() as rows:
        rows.overrides.confirm(999, confirmed_by="Bo")
