"""Storefront software, one module per vendor; all of it pure."""

from typing import Final

from stores.platforms.base import Platform, Puller
from stores.platforms.custom.platform import Custom
from stores.platforms.shopify.platform import Shopify
from stores.platforms.shopify.pull import ShopifyPull
from stores.platforms.woocommerce.platform import WooCommerce
from stores.platforms.woocommerce.pull import WooCommercePull

PLATFORMS: Final[dict[str, Platform]] = {
    "shopify": Shopify(),
    "woocommerce": WooCommerce(),
    "custom": Custom(),
}
"""Platforms that send webhooks."""

PULLERS: Final[dict[str, Puller]] = {
    "shopify": ShopifyPull(),
    "woocommerce": WooCommercePull(),
}
"""Platforms that are asked for what they know."""
