"""What a member has seen."""

from analytics.models import Dismissal
from kernel import clock


def dismiss(member_id: int, key: str, mark: str) -> None:
    """Remember how a notice stood when a member put it aside; a repeat changes the mark alone."""
    Dismissal.objects.update_or_create(
        member_id=member_id, key=key, defaults={"mark": mark, "at": clock.now()}
    )


def bring_back(member_id: int, key: str) -> None:
    """Let a member see a notice again; a repeat changes nothing."""
    Dismissal.objects.filter(member_id=member_id, key=key).delete()
