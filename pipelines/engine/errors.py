"""What can go wrong with the job engine.

FactoryGenError
├── EngineDown      10   nobody answers at the engine's address
├── PortTaken        6   another program listens where a service should
└── NotStarted      10   a service did not become healthy in time
"""

from __future__ import annotations

from factory_gen.errors import FactoryGenError


class EngineDown(FactoryGenError):
    """Nobody answers at the engine's address."""

    exit_code = 10


class NotStarted(FactoryGenError):
    """A service of the box did not become healthy in time."""

    exit_code = 10


class PortTaken(FactoryGenError):
    """Another program listens where a service of the box should."""

    exit_code = 6
