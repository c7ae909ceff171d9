"""Merchants, members and keys with dull defaults."""

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client

from kernel import clock
from kernel.sessions import SessionStore
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
    """Return a client that is signed in as a new member of a tenant.

    It has what `Client.force_login` gives, for half of its statements: no session of a stranger
    is made, renewed and dropped on the way.
    """
    return come_back(open_session(tenant, role))


def open_session(tenant: Tenant, role: str = Role.OWNER) -> str:
    """Sign a new member of a tenant in, and return the key of the session."""
    user = make_member(tenant, role).user
    User.objects.filter(pk=user.pk).update(last_login=clock.now())
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def come_back(session_key: str) -> Client:
    """Return a client that shows the key of a session."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_key
    return client


def call_with(secret: str) -> Client:
    """Return a client that shows a key with every call."""
    return Client(headers={"Authorization": f"Bearer {secret}"})
