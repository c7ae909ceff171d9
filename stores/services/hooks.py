"""Making the webhooks of a shop from here, where its platform lets that be done."""

from django.db import transaction

from kernel.errors import Invalid
from kernel.http import Client, HttpUnavailable
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.platforms import REGISTRARS
from stores.services.registering import ask_for_registration
from stores.services.syncing import CHECK_SECONDS, describe_failure, read_access
from stores.types import Checked
from tenants.services import audit

BY_HAND = "The webhooks of this platform are entered in the shop, by hand"


def register_hooks(store_id: int, *, actor: str) -> Checked:
    """Make the webhooks of a store that are missing, and switch on those that were switched off.

    Waits for the shop, some seconds; call it outside any transaction. A repeat changes nothing.

    Args:
        store_id: a connected store of the active tenant.
        actor: e-mail address of the member.

    Raises:
        NotFound: the store is not connected.
        Invalid: the webhooks of its platform are made by hand.
    """
    with transaction.atomic():
        access, _ = read_access(store_id)
        registrar = REGISTRARS.get(access.store.platform)
        if registrar is None:
            raise Invalid(BY_HAND)
    try:
        with Client(read_seconds=CHECK_SECONDS) as client:
            text = registrar.register(access, client)
    except PullBusy as exc:
        text = f"The shop asks for patience; try again in {exc.seconds:.0f} seconds."
        return Checked(is_good=False, text=text)
    except (PullRefused, PullUnavailable, HttpUnavailable) as exc:
        return Checked(is_good=False, text=f"{describe_failure(exc)}.")
    with transaction.atomic():
        after = {"webhooks": text}
        audit.record("store.webhooks_registered", "store", store_id, after=after, actor=actor)
        ask_for_registration(store_id)
    return Checked(is_good=True, text=text)
