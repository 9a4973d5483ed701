"""Liveness is progress, readiness is being able to serve."""

import time
from dataclasses import dataclass, field

STALLED_AFTER_S = 60.0


@dataclass(slots=True)
class Progress:
    """What the projector says of itself."""

    assigned: bool = False
    filling: bool = True  # whether statuses are still to be read that were there when the reading began; False while there is no broker
    poison_in_a_row: int = 0  # unusable records since the last usable one
    _beat_at: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        self._beat_at = time.monotonic()

    @property
    def moving(self) -> bool:
        """Whether the projector went round its loop lately (also when the broker is away)."""
        return time.monotonic() - self._beat_at < STALLED_AFTER_S
