"""Storefront software, one module per vendor; all of it pure."""

from typing import Final

from stores.platforms.base import Auditor, Fetcher, Keeper, Platform, Puller, Registrar
from stores.platforms.bigcommerce.audit import BigCommerceAudit
from stores.platforms.bigcommerce.fetch import BigCommerceFetch
from stores.platforms.bigcommerce.hooks import BigCommerceKeeper
from stores.platforms.bigcommerce.platform import BigCommerce
from stores.platforms.bigcommerce.pull import BigCommercePull
from stores.platforms.bigcommerce.writing import BigCommerceWriter
from stores.platforms.custom.platform import Custom
from stores.platforms.magento.audit import MagentoAudit
from stores.platforms.magento.fetch import MagentoFetch
from stores.platforms.magento.hooks import MagentoKeeper
from stores.platforms.magento.platform import Magento
from stores.platforms.magento.pull import MagentoPull
from stores.platforms.magento.writing import MagentoWriter
from stores.platforms.shopify.audit import ShopifyAudit
from stores.platforms.shopify.platform import Shopify
from stores.platforms.shopify.pull import ShopifyPull
from stores.platforms.shopify.webhooks import ShopifyKeeper
from stores.platforms.shopify.writing import ShopifyWriter
from stores.platforms.tools.gorgias import Gorgias
from stores.platforms.tools.intercom import Intercom
from stores.platforms.tools.judgeme import JudgeMe
from stores.platforms.tools.yotpo import Yotpo
from stores.platforms.tools.zendesk import Zendesk
from stores.platforms.woocommerce.audit import WooCommerceAudit
from stores.platforms.woocommerce.hooks import WooCommerceKeeper
from stores.platforms.woocommerce.platform import WooCommerce
from stores.platforms.woocommerce.pull import WooCommercePull
from stores.platforms.woocommerce.writing import WooCommerceWriter
from stores.platforms.writer import Writer

PLATFORMS: Final[dict[str, Platform]] = {
    "shopify": Shopify(),
    "woocommerce": WooCommerce(),
    "bigcommerce": BigCommerce(),
    "magento": Magento(),
    "custom": Custom(),
    "judgeme": JudgeMe(),
    "yotpo": Yotpo(),
    "zendesk": Zendesk(),
    "gorgias": Gorgias(),
    "intercom": Intercom(),
}
"""Platforms that send webhooks."""

_BIGCOMMERCE: Final = BigCommerceKeeper()
_MAGENTO: Final = MagentoKeeper()
_SHOPIFY: Final = ShopifyKeeper()
_WOOCOMMERCE: Final = WooCommerceKeeper()

PULLERS: Final[dict[str, Puller]] = {
    "shopify": ShopifyPull(),
    "woocommerce": WooCommercePull(),
    "bigcommerce": BigCommercePull(),
    "magento": MagentoPull(),
}
"""Platforms that are asked for what they know."""

FETCHERS: Final[dict[str, Fetcher]] = {
    "bigcommerce": BigCommerceFetch(),
    "magento": MagentoFetch(),
}
"""Platforms whose webhooks carry ids, so that the rest is fetched."""

REGISTRARS: Final[dict[str, Registrar]] = {
    "bigcommerce": _BIGCOMMERCE,
    "magento": _MAGENTO,
    "shopify": _SHOPIFY,
    "woocommerce": _WOOCOMMERCE,
}
"""Platforms that let their webhooks be made from here."""

KEEPERS: Final[dict[str, Keeper]] = {
    "bigcommerce": _BIGCOMMERCE,
    "magento": _MAGENTO,
    "shopify": _SHOPIFY,
    "woocommerce": _WOOCOMMERCE,
}
"""Platforms whose webhooks are looked after without anybody asking for it."""

AUDITORS: Final[dict[str, Auditor]] = {
    "shopify": ShopifyAudit(),
    "woocommerce": WooCommerceAudit(),
    "bigcommerce": BigCommerceAudit(),
    "magento": MagentoAudit(),
}
"""Platforms whose orders are compared with ours, day by day."""

WRITERS: Final[dict[str, Writer]] = {
    "shopify": ShopifyWriter(),
    "woocommerce": WooCommerceWriter(),
    "bigcommerce": BigCommerceWriter(),
    "magento": MagentoWriter(),
}
"""Platforms that are written to."""

METAFIELDS: Final = frozenset({"shopify"})
"""Platforms whose customers can bear a field for each segment in the place of a tag."""

CHALLENGED: Final = frozenset({"magento"})
"""Platforms that ask the address for a word before they send to it."""

POLLED: Final = frozenset({"magento"})
"""Platforms that send nothing by themselves as a rule: what an hourly pull finds is news."""
