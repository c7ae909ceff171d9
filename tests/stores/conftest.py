from tests.support.shop_fixture import shop, woo
from tests.support.storefront import recorder

__all__ = ["recorder", "shop", "woo"]
