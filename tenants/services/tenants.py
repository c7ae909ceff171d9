"""New merchants."""

import itertools
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string
from django.utils.text import slugify

from kernel.errors import Conflict, Invalid
from kernel.scope import tenant_scope
from tenants.choices import KeyKind, Role
from tenants.domain.rules import currency_problem, zone_problem
from tenants.models import Member, Tenant, User
from tenants.services import audit
from tenants.services.keys import create_key
from tenants.services.people import create_person
from tenants.types import NewTenant

SLUG_LENGTH = 50
SLUG_TRIES = 1000


@dataclass(frozen=True, slots=True)
class TenantData:
    """What a new tenant is told to be.

    Attributes:
        currency: ISO 4217, upper case.
        timezone: IANA name.
        owner_password: used only when nobody has the address yet.
        slug: empty: made from the name.
        country: ISO 3166-1 alpha-2, or empty.
        has_secret_key: whether it begins with a key that may do everything; where nobody sees
            what is made, such as at sign-up, none is.
    """

    name: str
    currency: str
    timezone: str
    owner_email: str
    owner_password: str
    slug: str = ""
    country: str = ""
    is_demo: bool = False
    has_secret_key: bool = True


@transaction.atomic
def create_tenant(data: TenantData) -> NewTenant:
    """Create a tenant with its owner, its two keys and what every new tenant starts with.

    A person who exists already becomes the owner too and keeps the password they have.

    Raises:
        Invalid: name, currency, zone, address, password or slug break a rule; ``fields`` says.
        Conflict: the slug asked for is taken.
    """
    _check(data)
    owner = _find_or_create_owner(data)
    tenant = _create_row(data)
    Member.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    with tenant_scope(tenant.pk), audit.acting_as(owner.email):
        secret = _first_key() if data.has_secret_key else ""
        write = create_key(name="Tracking", kind=KeyKind.WRITE)
        described = {"name": tenant.name, "owner": owner.email, "currency": tenant.currency}
        audit.record("tenant.created", "tenant", tenant.pk, after=described)
        import_string(settings.PROVISION_TENANT)(tenant.pk)
    return NewTenant(tenant=tenant, secret_key=secret, write_key=write.secret)


def _first_key() -> str:
    return create_key(name="First secret key", kind=KeyKind.SECRET).secret


def _check(data: TenantData) -> None:
    problems = {
        "name": "" if data.name.strip() else "Give the shop a name.",
        "currency": currency_problem(data.currency),
        "timezone": zone_problem(data.timezone),
        "owner_email": _email_problem(data.owner_email),
        "slug": _slug_problem(data.slug),
    }
    fields = {name: text for name, text in problems.items() if text}
    if fields:
        raise Invalid(" ".join(fields.values()), fields=fields)


def _email_problem(email: str) -> str:
    try:
        validate_email(email.strip())
    except ValidationError:
        return f"{email!r} is not an email address."
    return ""


def _slug_problem(slug: str) -> str:
    if slug and (slugify(slug) != slug or len(slug) > SLUG_LENGTH):
        return f"{slug!r} is not a slug: lower-case letters, digits and hyphens, at most 50."
    return ""


def _find_or_create_owner(data: TenantData) -> User:
    email = data.owner_email.strip().lower()
    owner = User.objects.filter(email=email).first()
    if owner is not None:
        return owner
    try:
        validate_password(data.owner_password, User(email=email))
    except ValidationError as exc:
        text = " ".join(exc.messages)
        raise Invalid(text, fields={"owner_password": text}) from exc
    return create_person(email, data.owner_password)


def _create_row(data: TenantData) -> Tenant:
    for slug in [data.slug] if data.slug else _slugs(data.name):
        try:
            with transaction.atomic():
                return Tenant.objects.create(
                    name=" ".join(data.name.split()),
                    slug=slug,
                    currency=data.currency,
                    timezone=data.timezone,
                    country=data.country,
                    is_demo=data.is_demo,
                )
        except IntegrityError:
            continue
    text = f"The slug {data.slug or slugify(data.name)!r} is taken."
    raise Conflict(text, fields={"slug": text})


def _slugs(name: str) -> list[str]:
    base = slugify(name)[:SLUG_LENGTH].strip("-") or "shop"
    numbers = itertools.islice(itertools.count(2), SLUG_TRIES)
    wanted = [base, *(f"{base}-{number}" for number in numbers)]
    taken = set(Tenant.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return [slug for slug in wanted if slug not in taken][:5]
