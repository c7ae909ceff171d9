"""The pages of the settings, in the order in which they are listed.

The one source of that list: a page is added here by one line, whichever app serves it, and shows
once its address exists.
"""

from typing import Final, NamedTuple

from tenants.domain import capabilities


class SettingsPage(NamedTuple):
    """One page of the settings.

    Attributes:
        group: heading that it stands under, with its neighbours.
        url_name: of its address, which takes the slug of the tenant alone.
        capability: what a member must be allowed, or the page is not listed.
        lies_elsewhere: whether it has a place of its own in the sidebar.
        with_url_name: of an address whose pages belong to it too.
    """

    group: str
    label: str
    url_name: str
    icon: str
    capability: str
    lies_elsewhere: bool = False
    with_url_name: str = ""


_SHOP: Final = "Shop"
_SENDING: Final = "Sending"
_DATA: Final = "Data"
_SAFETY: Final = "Safety"
_MANAGE: Final = capabilities.MANAGE_SETTINGS
SETTINGS_PAGES: Final = (
    SettingsPage(_SHOP, "General", "tenants:general", "settings", _MANAGE),
    SettingsPage(_SHOP, "Brand", "messaging:brand", "star", _MANAGE),
    SettingsPage(_SHOP, "Members", "tenants:members", "people", capabilities.VIEW),
    SettingsPage(_SHOP, "Notices by email", "analytics:notice_mails", "bell", capabilities.VIEW),
    SettingsPage(_SENDING, "Channels", "messaging:channels", "chat", _MANAGE),
    SettingsPage(
        _SENDING,
        "Senders and domains",
        "messaging:senders",
        "mail",
        _MANAGE,
        with_url_name="messaging:add_domain",
    ),
    SettingsPage(
        _SENDING, "Deliverability", "messaging:deliverability", "chart", capabilities.VIEW
    ),
    SettingsPage(_SENDING, "Warm-up and guard", "messaging:reputation", "good", _MANAGE),
    SettingsPage(_SENDING, "Sending limits", "messaging:limits", "clock", _MANAGE),
    SettingsPage(_SENDING, "Sending rates", "messaging:rates", "bolt", _MANAGE),
    SettingsPage(_SENDING, "Topics", "messaging:topics", "tag", _MANAGE),
    SettingsPage(_SENDING, "UTM parameters", "messaging:utm", "link", _MANAGE),
    SettingsPage(_SENDING, "Writing help", "messaging:writing_help", "edit", _MANAGE),
    SettingsPage(_DATA, "Stores", "stores:list", "store", capabilities.VIEW, lies_elsewhere=True),
    SettingsPage(_DATA, "Tracking", "stores:install", "eye", _MANAGE),
    SettingsPage(_DATA, "API keys", "tenants:api_keys", "key", capabilities.MANAGE_KEYS),
    SettingsPage(_DATA, "Webhooks", "stores:webhooks", "code", capabilities.MANAGE_KEYS),
    SettingsPage(_DATA, "Postcodes", "segments:postcodes", "globe", _MANAGE),
    SettingsPage(_SAFETY, "Audit trail", "tenants:audit", "table", capabilities.READ_AUDIT),
    SettingsPage(_SAFETY, "Danger zone", "tenants:danger", "warn", capabilities.MANAGE_TENANT),
)


def pages_for(role: str) -> list[SettingsPage]:
    """Return the pages that a role may see, in order."""
    return [page for page in SETTINGS_PAGES if capabilities.may(role, page.capability)]
