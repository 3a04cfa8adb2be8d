"""The one formula set of the money page. Pure functions; decision record 0007 tells what they leave out and why.

Per month, everything measured on held-out real pictures at the plant's one threshold rule:

    B = V [ p u a (R1 - R0)(C_e - C_i) - (1 - p)(F1 - F0) C_f ]
    L = N_eq (t_mask w + c_collect)                                     once, 0 unless N_eq was measured
    net(T) = sum over t of (B g_t - K1) - K0 + L                        t = 1 .. T
    break-even R1 - R0 = { [K1 T + K0 - L] / G + V (1 - p)(F1 - F0) C_f } / { V p u a (C_e - C_i) },  G = sum g_t

Every function takes plain numbers or arrays of draws alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.figures.roi_inputs import RoiInputs

_Z_ONE_SIDED_5, _Z_POWER_80 = 1.6449, 0.8416


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One set of values for all symbols, or as many sets as there are draws: each a float or an array (N,).

    `recall_gain` is R1 - R0, `false_reject_gain` F1 - F0 (below 0 is better); both are shares of real pictures.
    """

    parts_per_month: float | np.ndarray
    defect_rate: float | np.ndarray
    covered_share: float | np.ndarray
    inspection_share: float | np.ndarray
    cost_escape: float | np.ndarray
    cost_caught: float | np.ndarray
    cost_false_reject: float | np.ndarray
    set_up_cost: float | np.ndarray
    running_cost: float | np.ndarray
    equivalent_defects: float | np.ndarray
    hours_per_mask: float | np.ndarray
    hourly_wage: float | np.ndarray
    collection_cost: float | np.ndarray
    recall_gain: float | np.ndarray
    false_reject_gain: float | np.ndarray


def ramp(inputs: RoiInputs) -> np.ndarray:
    """g_t for the months 1..T as (T,): 0 at first, then rising in equal steps to 1."""
    months = np.arange(1, inputs.months + 1, dtype=float)
    steps = max(inputs.ramp_months, 1)
    return np.clip((months - inputs.ramp_start) / steps, 0.0, 1.0)


def covered_defects(f: Figures) -> float | np.ndarray:
    """V p u a: defects per month that a gain in recall acts on."""
    return f.parts_per_month * f.defect_rate * f.covered_share * f.inspection_share


def false_reject_cost(f: Figures) -> float | np.ndarray:
    """V (1 - p)(F1 - F0) C_f: what more false rejects cost per month; below 0 where there are fewer."""
    return f.parts_per_month * (1.0 - f.defect_rate) * f.false_reject_gain * f.cost_false_reject


def benefit(f: Figures) -> float | np.ndarray:
    """B, money per month at full benefit."""
    return covered_defects(f) * f.recall_gain * (f.cost_escape - f.cost_caught) - false_reject_cost(f)


def avoided_collection(f: Figures) -> float | np.ndarray:
    """L, money once."""
    return f.equivalent_defects * (f.hours_per_mask * f.hourly_wage + f.collection_cost)


def net(f: Figures, g: np.ndarray) -> float | np.ndarray:
    """Money over the whole horizon; `g` is the ramp (T,)."""
    return benefit(f) * g.sum() - f.running_cost * len(g) - f.set_up_cost + avoided_collection(f)


def break_even(f: Figures, g: np.ndarray) -> float | np.ndarray:
    """R1 - R0 at which the net is 0, the other figures as they are; infinite where a caught defect saves nothing."""
    needed = (f.running_cost * len(g) + f.set_up_cost - avoided_collection(f)) / g.sum()
    saved = np.asarray(covered_defects(f) * (f.cost_escape - f.cost_caught), dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(saved > 0, (needed + false_reject_cost(f)) / saved, np.inf)
    return gain if gain.ndim else float(gain)


def payback_month(f: Figures, g: np.ndarray) -> int | None:
    """First month with a net of at least 0 for one set of values, None within the horizon."""
    months = np.arange(1, len(g) + 1)
    running = benefit(f) * np.cumsum(g) - f.running_cost * months - f.set_up_cost + avoided_collection(f)
    reached = np.flatnonzero(running >= 0)
    return int(months[reached[0]]) if len(reached) else None


def waterfall(f: Figures, g: np.ndarray) -> dict[str, float]:
    """Money per month, averaged over the horizon: terms in order that add up to the last one, "net".

    Each bucket stands once: escapes avoided, what catching them costs, false rejects, the ramp, costs, avoided
    collection.
    """
    defects, months = covered_defects(f), len(g)
    full = {
        "escapes avoided": defects * f.recall_gain * f.cost_escape,
        "handling of caught defects": -defects * f.recall_gain * f.cost_caught,
        "false rejects": -false_reject_cost(f),
    }
    terms = {name: float(value) for name, value in full.items()}
    terms["ramp"] = float(benefit(f) * (g.sum() / months - 1.0))
    terms["running cost"] = -float(f.running_cost)
    terms["set-up cost"] = -float(f.set_up_cost) / months
    terms["avoided collection"] = float(avoided_collection(f)) / months
    terms["net"] = float(net(f, g)) / months
    return terms


def defects_needed(gain: float, discordant: float, against: float = 0.0) -> int | None:
    """Real defects that tell a recall gain from `against`, one-sided 5 %, power 80 %, by McNemar's test.

    n = (z_a + z_b)^2 (d - gain^2) / (gain - against)^2, with d the share of answers that change.

    Returns:
        The number, or None where no number would do because the gain is not above `against`.
    """
    if gain <= against:
        return None
    spread = max(discordant - gain**2, 0.0)
    return int(np.ceil((_Z_ONE_SIDED_5 + _Z_POWER_80) ** 2 * spread / (gain - against) ** 2))


def wording(probability: float) -> str:
    """The word for P(net > 0), by the rule that was written first: 0.95 pays, 0.9 likely pays, else not proven."""
    if probability >= 0.95:
        return "pays"
    return "likely pays" if probability >= 0.9 else "not proven"
