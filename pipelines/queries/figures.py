"""What the page of gate and figures reads: the inputs that were kept last, and the figures with other inputs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from data_registry.records import PartRecord
from factory_gen.errors import UsageError
from pipelines.config_file import build
from pipelines.figures.kpi_facts import Facts, gather
from pipelines.figures.kpi_names import INPUTS
from pipelines.figures.roi_inputs import Estimate, RoiInputs, estimates
from pipelines.wiring import Workplace


def kept_inputs(work: Workplace, part: PartRecord) -> RoiInputs:
    """The inputs that were kept last; ours, marked as examples, where there are none or an older program kept them."""
    with work.registry.read() as rows:
        record = rows.kpis.latest(part.id, INPUTS)
    if record is not None:
        known = {name: value for name, value in record.details.items() if value is not None}
        for name, value in known.items():
            if isinstance(value, dict):
                known[name] = {key: one for key, one in value.items() if one is not None}
        with suppress(UsageError):
            return build(RoiInputs, known, where="the kept inputs")
    return RoiInputs()


def edited_inputs(
    inputs: RoiInputs,
    edits: dict[str, tuple[float | None, float, float | None, str]],
    *,
    months: int,
    currency: str,
) -> RoiInputs:
    """Inputs with (low, mid, high, source) of some figures replaced.

    Raises:
        UsageError: values out of order or out of range; the figure is named.
    """
    changed: dict[str, Any] = {}
    for name in estimates():
        if name in edits:
            low, mid, high, source = edits[name]
            try:
                changed[name] = Estimate(mid=mid, low=low, high=high, source=source)
            except ValueError as error:
                raise UsageError(
                    expected=f"low <= middle <= high and a source for {name}",
                    found=str(error),
                    action="Correct it.",
                ) from error
    try:
        return replace(inputs, **changed, months=months, currency=currency)
    except ValueError as error:
        raise UsageError(expected="figures in their range", found=str(error), action="Correct it.") from error


def figures(work: Workplace, part: PartRecord, inputs: RoiInputs) -> Facts:
    """All figures of a part with these inputs; nothing is stored."""
    return gather(work, part, inputs)
