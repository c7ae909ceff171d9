"""Merchants, members and keys with dull defaults."""

from django.test import Client

from kernel.tenancy import tenant_scope
from tenants.choices import KeyKind, Role
from tenants.domain.scopes import EVERYTHING
from tenants.models import Member, Tenant, User
from tenants.services.keys import create_key
from tenants.services.people import create_person

PASSWORD = "correct horse battery"


def make_tenant(slug: str = "ada-soap", **fields: str) -> Tenant:
    """Create a tenant, without anything in it."""
    defaults = {"name": slug.title(), "currency": "GBP", "timezone": "Europe/London"}
    return Tenant.objects.create(slug=slug, **{**defaults, **fields})


def make_member(tenant: Tenant, role: str = Role.OWNER, email: str = "") -> Member:
    """Create a person who is a member of a tenant."""
    address = email or f"{role}@{tenant.slug}.example"
    user = User.objects.filter(email=address).first()
    user = user or create_person(address, PASSWORD)
    return Member.objects.create(tenant=tenant, user=user, role=role)


def make_key(tenant: Tenant, *scopes: str, kind: KeyKind = KeyKind.SECRET) -> str:
    """Create a key of a tenant and return its secret; without scopes it may do everything."""
    with tenant_scope(tenant.pk):
        return create_key(name="Test", kind=kind, scopes=scopes or (EVERYTHING,)).secret


def sign_in(tenant: Tenant, role: str = Role.OWNER) -> Client:
    """Return a client that is signed in as a new member of a tenant."""
    client = Client()
    client.force_login(make_member(tenant, role).user)
    return client


def call_with(secret: str) -> Client:
    """Return a client that shows a key with every call."""
    return Client(headers={"Authorization": f"Bearer {secret}"})
