"""What the machine calls itself, so that a measured time can name it."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

_CPU_FACTS = Path("/proc/cpuinfo")


def device_name(device: torch.device, cpu_facts: Path = _CPU_FACTS) -> str:
    """The GPU's name, or the processor's with the threads that torch uses of it.

    Args:
        device: where networks run.
        cpu_facts: a file in the form of Linux' /proc/cpuinfo.
    """
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    threads = torch.get_num_threads()
    return f"{_processor(cpu_facts)}, {threads} thread{'s' if threads != 1 else ''}"


def _processor(cpu_facts: Path) -> str:
    try:
        lines = cpu_facts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(filter(None, named), "") or platform.processor() or platform.machine()
