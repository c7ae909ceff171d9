"""People who sign in: the one way they come to be, and what they say of themselves."""

from allauth.account.models import EmailAddress
from django.db import transaction

from tenants.models import User

MAX_NAME = 200


@transaction.atomic
def create_person(email: str, password: str | None, *, name: str = "") -> User:
    """Create a person whose address was proved by a link or is vouched for by the operator.

    Args:
        email: kept in lower case; nobody has it yet.
        password: checked by the caller; None when they sign in by other means.
        name: as they write it.
    """
    user = User.objects.create_user(email, password, name=name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@transaction.atomic
def rename_person(user: User, name: str) -> None:
    """Change what a person is called."""
    user.name = name.strip()
    user.save(update_fields=["name"])
