"""Real payloads that lie beside the project, never in it."""

import os
from pathlib import Path

import pytest

from tests.support.bigcommerce_api import big_api
from tests.support.magento_api import mage_api
from tests.support.shop_fixture import big, shop, woo
from tests.support.site_fixture import site

__all__ = ["big", "big_api", "conformance_data", "mage_api", "shop", "site", "woo"]

PROJECT = Path(__file__).parent.parent.parent
NAMED = os.environ.get("PATRON_CONFORMANCE_DATA", "")
DATA = Path(NAMED or PROJECT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def conformance_data() -> Path:
    """The folder of real payloads; tests that need it are skipped where nobody has it.

    A folder that somebody named and that is not there is a mistake, which no skip may hide.
    """
    if not DATA.is_dir() and NAMED:
        pytest.fail(f"PATRON_CONFORMANCE_DATA names {DATA}, which is no folder")
    if not DATA.is_dir():
        pytest.skip("real payloads lie beside the project, and PATRON_CONFORMANCE_DATA names none")
    return DATA
