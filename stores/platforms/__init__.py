"""Storefront software, one module per vendor; all of it pure."""

from typing import Final

from stores.platforms.base import Platform
from stores.platforms.shopify.platform import Shopify

PLATFORMS: Final[dict[str, Platform]] = {"shopify": Shopify()}
"""Platforms that send webhooks."""
