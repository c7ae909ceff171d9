"""The pages of the settings, in the order in which they are listed.

The one source of that list: a page is added here by one line, whichever app serves it, and shows
once its address exists.
"""

from typing import Final, NamedTuple

from tenants.domain import capabilities


class SettingsPage(NamedTuple):
    """One page of the settings.

    Attributes:
        url_name: of its address, which takes the slug of the tenant alone.
        capability: what a member must be allowed, or the page is not listed.
        lies_elsewhere: whether it has a place of its own in the sidebar.
    """

    label: str
    url_name: str
    icon: str
    capability: str
    lies_elsewhere: bool = False


SETTINGS_PAGES: Final = (
    SettingsPage("General", "tenants:general", "settings", capabilities.MANAGE_SETTINGS),
    SettingsPage("Brand", "messaging:brand", "star", capabilities.MANAGE_SETTINGS),
    SettingsPage("Members", "tenants:members", "people", capabilities.VIEW),
    SettingsPage("API keys", "tenants:api_keys", "key", capabilities.MANAGE_KEYS),
    SettingsPage("Webhooks", "stores:webhooks", "link", capabilities.MANAGE_KEYS),
    SettingsPage("Tracking", "stores:install", "eye", capabilities.MANAGE_SETTINGS),
    SettingsPage("Postcodes", "segments:postcodes", "globe", capabilities.MANAGE_SETTINGS),
    SettingsPage("Channels", "messaging:channels", "bolt", capabilities.MANAGE_SETTINGS),
    SettingsPage("Senders and domains", "messaging:senders", "mail", capabilities.MANAGE_SETTINGS),
    SettingsPage("Deliverability", "messaging:deliverability", "chart", capabilities.VIEW),
    SettingsPage("UTM parameters", "messaging:utm", "link", capabilities.MANAGE_SETTINGS),
    SettingsPage("Writing help", "messaging:writing_help", "edit", capabilities.MANAGE_SETTINGS),
    SettingsPage("Topics", "messaging:topics", "tag", capabilities.MANAGE_SETTINGS),
    SettingsPage("Sending limits", "messaging:limits", "clock", capabilities.MANAGE_SETTINGS),
    SettingsPage("Sending rates", "messaging:rates", "bolt", capabilities.MANAGE_SETTINGS),
    SettingsPage("Warm-up and guard", "messaging:reputation", "good", capabilities.MANAGE_SETTINGS),
    SettingsPage("Notices by mail", "analytics:notice_mails", "bell", capabilities.VIEW),
    SettingsPage("Stores", "stores:list", "store", capabilities.VIEW, lies_elsewhere=True),
    SettingsPage("Audit trail", "tenants:audit", "clock", capabilities.READ_AUDIT),
    SettingsPage("Danger zone", "tenants:danger", "warn", capabilities.MANAGE_TENANT),
)


def pages_for(role: str) -> list[SettingsPage]:
    """Return the pages that a role may see, in order."""
    return [page for page in SETTINGS_PAGES if capabilities.may(role, page.capability)]
