"""How long to wait before a dead service is started again."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_S = 1.0
LONGEST_S = 60.0
STEADY_S = 120.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """1, 2, 4 ... 60 s while a service keeps dying; from 1 s again after it has lived for two minutes.

    Attributes:
        failures: deaths in a row.
    """

    failures: int = 0

    @property
    def wait_s(self) -> float:
        """Seconds until the next start."""
        return 0.0 if self.failures == 0 else min(LONGEST_S, FIRST_S * 2 ** min(self.failures - 1, 30))

    def died(self, lived_s: float) -> Backoff:
        """After one more death, the service having lived for `lived_s` seconds."""
        return Backoff(1 if lived_s >= STEADY_S else self.failures + 1)
