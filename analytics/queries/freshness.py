"""Whether the sums are in step with the documents."""

from dataclasses import dataclass
from datetime import timedelta

from analytics.models import RollupChange, RollupState
from kernel import clock
from kernel.scope import current_tenant_id
from tenants.queries import get_tenant

PATIENCE = timedelta(minutes=2)
"""Changes that wait for longer are said to wait."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far figures are behind.

    Attributes:
        is_building: everything is being added up, for the first time or in a new zone.
        lag: age of the oldest change that waits; zero when none does.
    """

    is_building: bool
    lag: timedelta

    @property
    def is_behind(self) -> bool:
        """Whether a merchant should know."""
        return self.lag > PATIENCE


def find_freshness() -> Freshness:
    """Return how far the figures of the active tenant are behind the documents."""
    state = RollupState.objects.first()
    is_current = state is not None and state.zone == get_tenant(current_tenant_id()).timezone
    oldest = RollupChange.objects.order_by("pk").values_list("created_at", flat=True).first()
    lag = max(clock.now() - oldest, timedelta()) if oldest else timedelta()
    return Freshness(not is_current, lag)
