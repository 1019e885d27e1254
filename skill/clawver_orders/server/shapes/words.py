"""Words that stand in several results; checked in full, published as text.

They explain themselves, and as enums they would cost every host hundreds of tokens.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, WithJsonSchema

from clawver_orders import order
from clawver_orders.refunds import machine

_PLAIN = WithJsonSchema({"type": "string"})
Status = Annotated[order.Status, _PLAIN]
PaymentStatus = Annotated[order.PaymentStatus, _PLAIN]
FulfillmentStatus = Annotated[order.FulfillmentStatus, _PLAIN]
Kind = Annotated[order.Kind, _PLAIN]
Moved = Annotated[machine.Moved, _PLAIN]
Outcome = Annotated[Literal["done", "no", "pending", "unknown"], _PLAIN]
Time = str
CLOSED = ConfigDict(extra="forbid", strict=True)
