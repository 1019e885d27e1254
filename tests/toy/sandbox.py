"""The toy's made-up shop."""

from collections.abc import Callable, Mapping

from clawver_orders.sandbox import Call, Delivery, Dialect, Operation, Reply, Shop
from clawver_orders.sandbox.orders import Order
from clawver_orders.sandbox.shop import Event, Refusal

TOKEN = "toy-example"


class Toy:
    """The toy's API over the shop."""

    name = "toy"
    mount = "/toy"
    operations = frozenset({"list", "get"})
    currency = "EUR"
    settings: Mapping[str, object] = {"token": TOKEN, "currency": "EUR"}

    def stock(self, shop: Shop, hints: dict[str, str]) -> None:
        hints |= {name: str(shop.orders[of].number) for name, of in hints.items() if of in shop.orders}

    def operation(self, call: Call) -> Operation | None:
        match (call.method, *call.segments):
            case ("GET",):
                return self._guarded(call, "list", lambda shop: {"orders": [_body(o) for o in shop.newest_first()]})
            case ("GET", number):
                return self._guarded(call, "get", lambda shop: _body(shop.numbered(number)))
        return None

    def gate(self, call: Call) -> Reply | None:
        del call
        return None

    def failure(self, status: int) -> Reply:
        return Reply.json(status, {"failed": status})

    def deliveries(self, shop: Shop, event: Event) -> list[Delivery]:
        del shop, event
        return []

    def _guarded(self, call: Call, name: str, answer: Callable[[Shop], object]) -> Operation:
        def guarded(shop: Shop) -> Reply:
            if call.headers.get("authorization") != f"Toy {TOKEN}":
                return self.failure(401)
            try:
                return Reply.json(200, answer(shop))
            except Refusal:
                return self.failure(404)

        return Operation(name, False, guarded)


def _body(order: Order) -> dict[str, object]:
    return {
        "id": order.number,
        "gone": order.stage == "cancelled",
        "buyer": order.customer.email,
        "things": [item.title for item in order.items],
        "total": f"{order.total // 100}.{order.total % 100:02}",
    }


def dialect() -> Dialect:
    return Toy()
