"""Accounts with what the facts of their owners say of points and tiers."""

from django.db.models import OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce, NullIf

from crm.models import ProfileFacts
from loyalty.models import PointsAccount

_NOTHING = Value("", output_field=TextField())


def list_accounts() -> QuerySet[PointsAccount]:
    """Return accounts with ``pending``, ``expiring``, ``expires_at`` and ``tier``."""
    facts = ProfileFacts.objects.filter(profile_id=OuterRef("profile_id"))
    return PointsAccount.objects.annotate(
        pending=Coalesce(Subquery(facts.values("points_pending")), 0),
        expiring=Coalesce(Subquery(facts.values("points_expiring")), 0),
        expires_at=Subquery(facts.values("points_expire_at")),
        tier=NullIf(Subquery(facts.values("loyalty_tier")), _NOTHING),
    )
