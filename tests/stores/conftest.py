from tests.support.shop_fixture import shop
from tests.support.storefront import recorder

__all__ = ["recorder", "shop"]
