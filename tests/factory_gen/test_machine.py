from __future__ import annotations

import platform
from pathlib import Path

import pytest
import torch

from factory_gen.machine import device_name

FACTS = "processor\t: 0\nvendor_id\t: x\nmodel name\t: A Fast Processor @ 3 GHz\nmodel name\t: another\n"


@pytest.mark.parametrize(
    ("facts", "name"),
    [(FACTS, "A Fast Processor @ 3 GHz"), ("", platform.processor() or platform.machine())],
)
def test_a_processor_is_named_with_its_threads(tmp_path: Path, facts: str, name: str) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(facts)
    assert device_name(torch.device("cpu"), file).startswith(f"{name}, {torch.get_num_threads()} thread")


def test_a_machine_without_that_file_is_named_too(tmp_path: Path) -> None:
    assert device_name(torch.device("cpu"), tmp_path / "none").split(",")[0]
