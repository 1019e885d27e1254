"""What is told, by name: every span, every metric, and every attribute that may stand at one; nothing else can be.

Names are those of OpenTelemetry's semantic conventions where they have one; ours begin with ``clawver_orders``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["server span", "client span", "internal span", "consumer span", "histogram", "counter", "gauge"]

PLATFORM: Final = "clawver_orders.platform"
STORE: Final = "clawver_orders.store"
MOVE_KIND: Final = "clawver_orders.move.kind"
MOVE_STATE: Final = "clawver_orders.move.state"
EVENT_TYPE: Final = "clawver_orders.event.type"
EVENT_VERDICT: Final = "clawver_orders.event.verdict"
ERROR: Final = "error.type"
TOOL: Final = "gen_ai.tool.name"
OPERATION: Final = "gen_ai.operation.name"
RPC: Final = "mcp.method.name"
METHOD: Final = "http.request.method"
ROUTE: Final = "http.route"
STATUS: Final = "http.response.status_code"
RESENT: Final = "http.request.resend_count"
TEMPLATE: Final = "url.template"

# The word of the conventions for what is in no list: whoever asks must not be able to make a new value.
OTHER: Final = "_OTHER"


@dataclass(frozen=True, slots=True)
class Signal:
    """One span or metric.

    Attributes:
        name: Its name; of a span, how it is made of its attributes.
        kind: What it is.
        unit: Of a metric, by UCUM; empty for a span.
        attributes: The keys that may stand at it.
        meaning: In a sentence.
    """

    name: str
    kind: Kind
    unit: str
    attributes: tuple[str, ...]
    meaning: str


TOOL_CALL: Final = Signal(
    "tools/call {gen_ai.tool.name}",
    "server span",
    "",
    (RPC, OPERATION, TOOL, PLATFORM, ERROR),
    "A tool, from the question to the answer.",
)
SHOP_CALL: Final = Signal(
    "{http.request.method} {url.template}",
    "client span",
    "",
    (METHOD, TEMPLATE, STATUS, RESENT, PLATFORM, ERROR),
    "A request to the shop, with all its tries.",
)
MOVE_STEP: Final = Signal(
    "record {clawver_orders.move.state}",
    "internal span",
    "",
    (MOVE_KIND, MOVE_STATE, PLATFORM, ERROR),
    "A step of a refund, or of what is as good as money, on disk: `sending` is the claim. A step that was refused "
    "or could not be written has the error alone.",
)
EVENT_KEPT: Final = Signal(
    "webhook {clawver_orders.event.type}",
    "consumer span",
    "",
    (EVENT_TYPE, EVENT_VERDICT, STORE, PLATFORM, ERROR),
    "An event whose signature is the shop's.",
)
SPANS: Final = (TOOL_CALL, SHOP_CALL, MOVE_STEP, EVENT_KEPT)

TOOL_DURATION: Final = Signal(
    "mcp.server.operation.duration", "histogram", "s", (RPC, TOOL, PLATFORM, ERROR), "How long tools took."
)
SHOP_DURATION: Final = Signal(
    "http.client.request.duration",
    "histogram",
    "s",
    (METHOD, TEMPLATE, STATUS, PLATFORM, ERROR),
    "How long the shop took.",
)
SERVICE_DURATION: Final = Signal(
    "http.server.request.duration",
    "histogram",
    "s",
    (METHOD, ROUTE, STATUS),
    "Whatever was asked of the service, the receiver or the approval page, what the gate refused too: "
    "401, 403, 413, 421, 429. Streams are counted when they end.",
)
CONNECTIONS: Final = Signal(
    "clawver_orders.http.connections", "gauge", "{connection}", (), "Connections that are open at the service."
)
MOVES: Final = Signal(
    "clawver_orders.moves",
    "counter",
    "{move}",
    (MOVE_KIND, MOVE_STATE, PLATFORM),
    "Refunds and the like, each time that one reached a state.",
)
UNSETTLED: Final = Signal(
    "clawver_orders.moves.unsettled",
    "gauge",
    "{move}",
    (MOVE_KIND, MOVE_STATE),
    "Those in the record that were sent and are not settled, such as `unknown`: counted up to 200, alike at every "
    "process on the record.",
)
EVENTS: Final = Signal(
    "clawver_orders.events",
    "counter",
    "{event}",
    (EVENT_VERDICT, EVENT_TYPE, STORE, PLATFORM, STATUS),
    "Events: `kept`, `known` from an earlier delivery, or `refused` with the status that was answered.",
)
METRICS: Final = (TOOL_DURATION, SHOP_DURATION, SERVICE_DURATION, CONNECTIONS, MOVES, UNSETTLED, EVENTS)

# Of each attribute, where its values come from: all are few, and none is what somebody outside wrote.
VALUES: Final[Mapping[str, str]] = {
    PLATFORM: "the store's platform",
    STORE: "its name in the settings",
    MOVE_KIND: "`refund`, `cancel_order`, `mark_order_paid`, `adjust_order_price`, `create_webhook`",
    MOVE_STATE: "the states of [refunds](refunds.md)",
    EVENT_TYPE: "the shop's word, where [events](webhooks.md) names it, else `_OTHER`",
    EVENT_VERDICT: "`kept`, `known`, `refused`",
    ERROR: "a code of [errors](errors.md), a status, what was seen on the way (`time-out`), a kind of error",
    TOOL: "a tool that is listed to who asks; absent for any other name",
    OPERATION: "`execute_tool`",
    RPC: "`tools/call`",
    METHOD: "a method of HTTP, else `_OTHER`",
    ROUTE: "`/mcp`, `/webhooks/{store}`, `/.well-known`, `/healthz`, `/readyz`, of the approval page `/`, "
    "`/moves/{move_id}`, `/sign-in`, `/callback`, `/sign-out`; else absent",
    STATUS: "a status of HTTP",
    RESENT: "how often a read was repeated",
    TEMPLATE: "the path as the shop's documents write it, without ids: `/v1/orders/{order_id}/refund`",
}

# The words that references/webhooks.md has of each vendor.
EVENT_TYPES: Final = frozenset(
    {
        *("order.created", "order.paid", "order.fulfilled", "order.shipped", "order.cancelled", "order.refunded"),
        *("order.fulfillment_failed", "review.received", "review.responded"),
        *("order_paid", "product_published"),
        *("order.updated", "order.deleted"),
    }
)
