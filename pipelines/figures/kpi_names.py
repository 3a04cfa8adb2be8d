"""What the figures that are kept over time are called in the registry and in MLflow."""

from __future__ import annotations

SPEED = "speed.seconds_per_kept_image"
USABLE = "quality.usable_rate"
CONTROL_REJECTED = "quality.real_defects_rejected"
CONTROL_APPROVED = "quality.good_parts_approved"
LIFT = "gate.lift"
BENEFIT = "roi.benefit_per_month"
P_NET = "roi.p_net_above_zero"
BREAK_EVEN = "roi.break_even_recall_gain"
INPUTS = "roi.inputs"  # its details are what was typed on the money page
ALL = (SPEED, USABLE, CONTROL_REJECTED, CONTROL_APPROVED, LIFT, BENEFIT, P_NET, BREAK_EVEN)
