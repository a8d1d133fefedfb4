"""A circuit breaker: after several failures in a row nobody asks for a while, then one may try."""

from dataclasses import dataclass

FAILURES_MAX = 5
OPEN_SECONDS = 1.0


@dataclass(kw_only=True)
class Breaker:
    """Closed until `FAILURES_MAX` failures in a row; then open for `OPEN_SECONDS` at a time, until one try succeeds."""

    failures: int = 0
    closed_again_at: float = 0.0

    def allows(self, now: float) -> bool:
        """True if a try may be made; an open breaker lets one through each time its pause has passed."""
        if self.failures < FAILURES_MAX:
            return True
        if now < self.closed_again_at:
            return False
        self.closed_again_at = now + OPEN_SECONDS
        return True

    def failed(self, now: float) -> None:
        self.failures += 1
        if self.failures >= FAILURES_MAX:
            self.closed_again_at = now + OPEN_SECONDS

    def succeeded(self) -> None:
        self.failures = 0
