"""Payment methods of the shop, and whether one can give money back.

WooCommerce answers 500 to a refund that the method cannot pay, which must be taken as unknown: this is read before.
"""

import re
from typing import Final

from clawver_orders.errors import BadResponseError, ForbiddenError, NotFoundError
from clawver_orders.http import path
from clawver_orders.platforms.woocommerce.answers import object_of
from clawver_orders.platforms.woocommerce.merchant import Merchant

_METHOD: Final = re.compile(r"[\w-]{1,100}", re.ASCII)


async def gives_back(merchant: Merchant, method: str) -> bool:
    """Whether ``GET /wc/v3/payment_gateways/{method}`` lists refunds among what it supports.

    Args:
        merchant: The shop.
        method: The method's id; empty or none of the shop's gives nothing back.

    Raises:
        ForbiddenError: The key's user may not read payment methods.
        BadResponseError: The shop does not say it.
    """
    if not _METHOD.fullmatch(method):
        return False
    reply = await merchant.get(
        path("/wc/v3/payment_gateways/{method}", method=method), {"_fields": "id,method_supports"}
    )
    try:
        gateway = object_of(reply, "such payment method")
    except NotFoundError:
        return False
    except ForbiddenError as error:
        raise ForbiddenError(
            "the key's user may not read the shop's payment methods, so whether a refund pays is not known",
            "Make the key for a user who is shop manager (the right manage_woocommerce)",
        ) from error
    supports = gateway.get("method_supports")
    features = list(supports.values()) if isinstance(supports, dict) else supports
    if gateway.get("id") != method or not isinstance(features, list):
        raise BadResponseError(
            "the shop does not say what the payment method can do", "Look at the order in the shop's dashboard"
        )
    return "refunds" in features
