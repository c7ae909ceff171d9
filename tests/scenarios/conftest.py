from tests.support.shop_fixture import shop
from tests.support.site_fixture import site
from tests.support.woocommerce_api import woo_api

__all__ = ["shop", "site", "woo_api"]
