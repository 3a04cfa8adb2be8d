"""A gate that is done again after a kill behind its verdict does not store a second one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines import gate
from tests.data_registry.rows import sha
from tests.pipelines.ingested import workplace


def test_the_same_verdict_is_stored_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "plain", lambda report: vars(report) | {"pair": (1, 2)})
    facts: dict[str, Any] = {
        "verdict": "helps",
        "metric": "pixel_ap_macro",
        "lift": 0.1,
        "lift_low": 0.0,
        "lift_high": 0.2,
        "seconds": 12.0,
        "machine": "one",
        "command": "factory-gen gate",
    }
    with workplace(tmp_path) as work:
        with work.registry.write() as rows:
            part = rows.parts.add("tile", source_root="x")
            version = rows.datasets.add(part.id, kind="synthetic", manifest_sha256=sha("m"), counts={})
        task: Any = SimpleNamespace(part=part, version=version, settings=SimpleNamespace(sha256=sha("s")))

        def judge(**changes: Any) -> int:
            report: Any = SimpleNamespace(**facts | changes)
            gate._store(work, task, report)
            with work.registry.read() as rows:
                return len(rows.verdicts.list(part.id, version.id))

        assert judge() == 1
        assert judge(seconds=1.0, machine="another", command="a job") == 1
        assert judge(lift=0.11) == 2
        assert judge() == 3  # as before, but not as the last one
