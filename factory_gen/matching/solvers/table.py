"""All solvers by name, and the loop that uses them."""

from __future__ import annotations

from collections.abc import Callable

import torch

from factory_gen.checks import check_choice, check_positive
from factory_gen.errors import UsageError
from factory_gen.matching.solvers.euler import euler
from factory_gen.matching.solvers.flow_map import flow_map
from factory_gen.matching.solvers.heun import heun
from factory_gen.matching.solvers.midpoint import midpoint
from factory_gen.matching.solvers.rk4 import rk4
from factory_gen.matching.solvers.rule import Solver, Velocity

FLOW_MAP = "flow-map"
SOLVERS: dict[str, Solver] = {
    "euler": Solver(euler, calls=1, order=1),
    "midpoint": Solver(midpoint, calls=2, order=2),
    "heun": Solver(heun, calls=2, order=2),
    "rk4": Solver(rk4, calls=4, order=4),
    # Exact for a true map; of order 1, as Euler's rule, if it is given a plain velocity.
    FLOW_MAP: Solver(flow_map, calls=1, order=1),
}


def steps_for_calls(solver: str, calls: int) -> int:
    """Steps of `solver` that cost exactly `calls` network calls.

    Raises:
        UsageError: unknown solver, or `calls` is not a multiple of the solver's calls per step.
    """
    check_choice(solver, SOLVERS, "solver")
    check_positive(calls, "steps")
    each = SOLVERS[solver].calls
    if calls % each:
        raise UsageError(
            expected=f"a number of network calls that {solver} can make: a multiple of {each}",
            found=str(calls),
            action="Change steps, or choose the solver euler, which makes any number.",
        )
    return calls // each


def solve(
    velocity: Velocity,
    x_0: torch.Tensor,
    solver: str,
    calls: int,
    callback: Callable[[int, torch.Tensor], None] | None = None,
    *,
    begin: float = 0.0,
) -> torch.Tensor:
    """Integrate from t = `begin` to t = 1.

    Args:
        velocity: (x (B,...), t) to velocity (B,...); for "flow-map" the average velocity over one jump.
        x_0: start (B,...).
        solver: key of `SOLVERS`.
        calls: network calls in all.
        callback: called with the step number and x after each step.
        begin: time of the start, in [0,1).

    Returns:
        x at t = 1, (B,...).
    """
    steps = steps_for_calls(solver, calls)
    x, length = x_0, (1.0 - begin) / steps
    for index in range(steps):
        x = SOLVERS[solver].rule(velocity, x, begin + index * length, length)
        if callback is not None:
            callback(index, x)
    return x
