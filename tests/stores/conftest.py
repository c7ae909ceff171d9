from tests.support.shop_fixture import shop, woo
from tests.support.site_fixture import site
from tests.support.storefront import recorder

__all__ = ["recorder", "shop", "site", "woo"]
