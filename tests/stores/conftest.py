from tests.support.adobe_io import adobe_io
from tests.support.bigcommerce_api import big_api
from tests.support.magento_api import mage_api
from tests.support.shop_fixture import big, shop, woo
from tests.support.shopify_api import shopify_api
from tests.support.shopify_fixture import at_ten, shopify
from tests.support.site_fixture import site
from tests.support.storefront import recorder
from tests.support.woocommerce_api import woo_api
from tests.support.writing import written_shop

__all__ = [
    "adobe_io",
    "at_ten",
    "big",
    "big_api",
    "mage_api",
    "recorder",
    "shop",
    "shopify",
    "shopify_api",
    "site",
    "woo",
    "woo_api",
    "written_shop",
]
