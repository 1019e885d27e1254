"""WooCommerce's dialect: the Store API's order and REST v3, as recorded from WooCommerce 10.5.0 (and 8.9.1).

Where neither the recordings nor its source say something, the sandbox chose; references/platforms/woocommerce.md
lists what it leaves out.
"""

from .api import KEY, READ_ONLY_KEY, READ_ONLY_SECRET, SECRET, WooCommerce, dialect

__all__ = ["KEY", "READ_ONLY_KEY", "READ_ONLY_SECRET", "SECRET", "WooCommerce", "dialect"]
