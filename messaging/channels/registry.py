"""Every provider that an account can be at: one line each."""

from messaging.channels import email_smtp
from messaging.channels.base import Provider

_ALL: tuple[Provider, ...] = (email_smtp.PROVIDER,)

PROVIDERS: dict[tuple[str, str], Provider] = {
    (provider.channel, provider.name): provider for provider in _ALL
}
"""By channel and name."""


def find_provider(channel: str, name: str) -> Provider | None:
    """Return a provider, or None where nothing goes by that name on the channel."""
    return PROVIDERS.get((channel, name))
