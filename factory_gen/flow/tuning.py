"""How a trained flow is tuned for few calls, by the name of the recipe's `flow.objective`."""

from __future__ import annotations

from factory_gen.flow.reflow import train_reflow
from factory_gen.flow.train_map import train_flow_map

TUNINGS = {"flow-map": train_flow_map, "reflow": train_reflow}
