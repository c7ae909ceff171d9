from tests.support.bigcommerce_api import big_api
from tests.support.shop_fixture import big, shop, woo
from tests.support.shopify_api import shopify_api
from tests.support.site_fixture import site
from tests.support.storefront import recorder
from tests.support.woocommerce_api import woo_api

__all__ = [
    "big",
    "big_api",
    "recorder",
    "shop",
    "shopify_api",
    "site",
    "woo",
    "woo_api",
]
