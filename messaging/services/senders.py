"""From-identities."""

from email.utils import parseaddr

from django.conf import settings

from kernel.tenancy import current_tenant_id
from messaging.domain.mime import clean_header
from messaging.models import Sender
from tenants.queries import get_tenant


def ensure_default_sender() -> Sender:
    """Return the from-identity of the active tenant; make one where it has none.

    It writes under the merchant's name from the installation's own address, the only one that
    its mail server is known to accept. A repeat, also beside itself, changes nothing.
    """
    sender, _ = Sender.objects.get_or_create(
        is_default=True,
        defaults={
            "name": clean_header(get_tenant(current_tenant_id()).name),
            "email": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        },
    )
    return sender
