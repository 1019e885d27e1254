"""What the record keeps of each thing, what it finds again, and what it says is wrong, word for word."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clawver_orders.errors import ConflictError, DeskError, RefundError, SetupError
from clawver_orders.events import Delivered
from clawver_orders.ledger import Event, SqlLedger, dump, load
from clawver_orders.ledger.records import NOBODY, chained, faults, sha256
from clawver_orders.ledger.tables import Database, Rows, T
from clawver_orders.money import Money
from clawver_orders.refunds.machine import Book, Known, Move, Snapshot, State
from clawver_orders.tokens import Grant, Token
from tests.ledger.test_record import keep, prepared, stored
from tests.ledgers import Place
from tests.refunds.book import NOON, after, usd

pytestmark = pytest.mark.anyio

FULL = Move(
    id="R-01234567",
    kind="refund",
    store="clawver",
    subject="ord_1",
    text="Größe «M»",
    state=State.UNKNOWN,
    prepared_at=NOON,
    amount=usd(500),
    another=True,
    repeats=True,
    snapshot=Snapshot("delivered", "paid", usd(2499), usd(0), (Known("ref_1", 1, "USD", "x"),), "m***", "1 × M"),
    version=3,
    confirmed_at=after(1),
    confirmed_by="form",
    owner="me",
    sent_at=after(2),
    settled_at=after(3),
    shop_id="ref_1",
    processor_id="re_example",
    remaining=usd(1999),
    evidence="seen",
    error="conflict",
    looks=2,
    first_look_at=after(4),
    last_look_at=after(5),
    look_at=after(6),
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "state")


@pytest.fixture
def ledger(place: Place) -> SqlLedger:
    return place.ledger(lambda: NOON)


async def told(refused: Callable[[], object]) -> str:
    with pytest.raises(DeskError) as caught:
        await refused()  # type: ignore[misc]
    return str(caught.value)


async def spent(ledger: SqlLedger, since: object = NOON, currency: str = "USD") -> int:
    """What the book of a decision counts."""
    found: list[Money] = []

    def look(book: Book) -> Move:
        found.append(book.spent(currency, since))  # type: ignore[arg-type]
        raise RefundError("open", "", "")

    with pytest.raises(RefundError):
        await ledger.decide(look, by="test")
    assert found[0].currency == currency
    return found[0].minor


def test_a_line_is_the_same_text_whoever_writes_it() -> None:
    bare = replace(FULL, amount=None, remaining=None, snapshot=Snapshot())
    assert load(dump(FULL)) == FULL
    assert load(dump(bare)) == bare
    # As it was written before programs were let in by name.
    assert load(dump(FULL).replace('"principal":"",', "")) == FULL
    assert dump(bare) == (
        '{"amount":null,"another":true,"confirmed_at":"2026-11-20T12:01:00+00:00","confirmed_by":"form",'
        '"error":"conflict","evidence":"seen","first_look_at":"2026-11-20T12:04:00+00:00","id":"R-01234567",'
        '"kind":"refund","last_look_at":"2026-11-20T12:05:00+00:00","look_at":"2026-11-20T12:06:00+00:00","looks":2,'
        '"owner":"me","prepared_at":"2026-11-20T12:00:00+00:00","principal":"","processor_id":"re_example",'
        '"remaining":null,"repeats":true,"sent_at":"2026-11-20T12:02:00+00:00","settled_at":"2026-11-20T12:03:00+00:00",'
        '"shop_id":"ref_1","snapshot":{"customer":"","effect":"money","items":"","known":[],"payment_status":"",'
        '"refunded":null,"refunding":false,"status":"","total":null},"state":"unknown","store":"clawver","subject":"ord_1",'
        '"text":"Gr\\u00f6\\u00dfe \\u00abM\\u00bb","version":3}'
    )


async def test_an_event_keeps_who_what_when_and_why(ledger: SqlLedger) -> None:
    move = await stored(ledger, prepared())
    gone = replace(move, state=State.DECLINED, version=1, evidence="lee")
    await ledger.decide(keep(gone), by="terminal")
    events = await ledger.events(move.id)
    assert [replace(event, hash="") for event in events] == [
        Event(1, NOON, "assistant", move.id, "clawver", "ord_1", None, "prepared", "", ""),
        Event(2, NOON, "terminal", move.id, "clawver", "ord_1", "prepared", "declined", "lee", ""),
    ]
    assert await ledger.events("R-OTHER000") == ()


async def test_the_chain_is_of_the_hash_before_and_the_fields_in_order(ledger: SqlLedger) -> None:
    move = await stored(ledger, prepared())
    fields = {
        "number": 1,
        "at": "2026-11-20T12:00:00+00:00",
        "by": "assistant",
        "move_id": move.id,
        "store": "clawver",
        "subject": "ord_1",
        "from_state": None,
        "to_state": "prepared",
        "note": "",
        "move_hash": sha256(dump(move)),
    }
    assert await ledger.head() == chained(NOBODY, fields)
    assert NOBODY == "0" * 64
    # As anybody can compute it again.
    assert chained("a", {"c": 1, "b": "ü"}) == sha256('a{"b":"\\u00fc","c":1}')
    assert sha256("ü") == "607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f"


async def test_a_refusal_and_a_switch_are_events_too(ledger: SqlLedger) -> None:
    await ledger.refused(store="clawver", subject="ord_1", code="refund.cap", detail="too much", by="assistant")
    assert await ledger.turn("frozen", lambda before: before + "lee", note="frozen", by="terminal") == "lee"
    assert await ledger.turn("frozen", lambda before: before + "!", note="again", by="terminal") == "lee!"
    assert (await ledger.switch("frozen"), await ledger.switch("pin")) == ("lee!", "")
    assert await ledger.verify() == ()
    assert await ledger.get("") is None


async def test_events_are_read_in_the_order_of_their_numbers(ledger: SqlLedger, place: Place) -> None:
    """A database that was restored from a copy may have them in another."""
    move = await stored(ledger, prepared())
    await ledger.decide(keep(replace(move, state=State.DECLINED, version=1)), by="terminal")
    place.edit(
        "CREATE TEMPORARY TABLE copied AS SELECT * FROM events WHERE number = 1",
        "DELETE FROM events WHERE number = 1",
        "INSERT INTO events SELECT * FROM copied",
        guarded=False,
    )
    assert await ledger.verify() == ()
    assert [event.number for event in await ledger.events(move.id)] == [1, 2]


async def test_what_is_wrong_is_told_in_the_order_of_the_ids(ledger: SqlLedger, place: Place) -> None:
    for move_id in ("R-BBBBBBBB", "R-AAAAAAAA"):
        await stored(ledger, replace(prepared(), id=move_id))
    place.edit("UPDATE moves SET move = replace(move, 'torn', 'worn')")
    assert await ledger.verify() == tuple(f"R-{letter * 8} is not as its last event left it" for letter in "AB")


class Watched:
    """A database that remembers which transactions said that they write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.writes: list[bool] = []

    async def within(self, work: Callable[[Rows], T], *, write: bool) -> T:
        self.writes.append(write)
        return await self._database.within(work, write=write)

    async def look(self, work: Callable[[Rows], T]) -> T:
        self.writes.append(False)
        return await self._database.look(work)

    async def version(self) -> int:
        return await self._database.version()

    async def upgrade(self) -> None:
        await self._database.upgrade()


async def test_only_what_may_change_something_says_that_it_writes(place: Place) -> None:
    """A database of several machines gives those that only look a transaction that cannot write."""
    watched = Watched(place.ledger(lambda: NOON)._database)
    ledger = SqlLedger(watched, lambda: NOON)
    move = await stored(ledger)
    await ledger.turn("frozen", lambda _: "lee", note="frozen", by="lee")
    await ledger.refused(store="clawver", subject="ord_1", code="refund.cap", detail="too much", by="assistant")
    await ledger.remember("clawver", Delivered("key", "order.paid"))
    await ledger.tokens.add(Token("digest", Grant("bot"), NOON), by="lee")
    await ledger.tokens.used("digest", NOON)
    await ledger.tokens.revoke("bot", NOON, by="lee")
    assert watched.writes == [True] * 7
    watched.writes.clear()
    await ledger.get(move.id)
    await ledger.find()
    await ledger.switch("frozen")
    await ledger.events(move.id)
    await ledger.verify()
    await ledger.head()
    await ledger.received()
    await ledger.count()
    await ledger.tokens.all()
    assert watched.writes == [False] * 9


async def test_a_frozen_desk_is_seen_by_every_decision(ledger: SqlLedger) -> None:
    by: list[str] = []

    def look(book: Book) -> Move:
        by.append(book.frozen())
        return prepared()

    await ledger.decide(look, by="test")
    await ledger.turn("frozen", lambda _: "lee", note="frozen", by="lee")
    await ledger.turn("pin", lambda _: "hash", note="the PIN was set", by="lee")
    await ledger.decide(look, by="test")
    assert by == ["", "lee"]


async def test_what_counts_against_the_caps(ledger: SqlLedger) -> None:
    async def one(number: int, state: State, **facts: object) -> None:
        move = replace(FULL, id=f"R-{number:08}", subject=f"ord_{number}", state=state, version=0, **facts)  # type: ignore[arg-type]
        await ledger.decide(keep(move), by="test")

    await one(1, State.SUCCEEDED, settled_at=NOON, amount=usd(1))
    await one(2, State.SUCCEEDED, settled_at=NOON - timedelta(seconds=1), amount=usd(10))
    await one(3, State.SUCCEEDED, settled_at=NOON, amount=Money(7, "EUR"))
    await one(4, State.SUCCEEDED, settled_at=NOON, kind="create_webhook", amount=None)
    for number, state in enumerate(State, 10):
        if state is not State.SUCCEEDED:
            await one(number, state, amount=usd(100), settled_at=after(1))
    open_ones = 5 * 100
    assert await spent(ledger) == 1 + open_ones
    assert await spent(ledger, NOON - timedelta(seconds=1)) == 11 + open_ones
    assert await spent(ledger, after(1)) == open_ones
    assert await spent(ledger, currency="EUR") == 7
    assert await spent(ledger, currency="JPY") == 0


async def test_the_moves_of_an_order_come_oldest_first(ledger: SqlLedger) -> None:
    new = replace(prepared(), id="R-AAAAAAAA", prepared_at=after(1))
    twin = replace(prepared(), id="R-CCCCCCCC")
    old = replace(prepared(), id="R-BBBBBBBB")
    others = replace(old, id="R-DDDDDDDD", subject="ord_2"), replace(old, id="R-EEEEEEEE", store="second")
    for move in (new, twin, old, *others):
        await stored(ledger, move)
    seen: list[tuple[Move, ...]] = []

    def look(book: Book) -> Move:
        seen.append(book.of("clawver", "ord_1"))
        return old

    await ledger.decide(look, by="test")
    assert seen == [(old, twin, new)]


async def test_what_is_found_is_newest_first_and_at_most_two_hundred(ledger: SqlLedger, place: Place) -> None:
    first = await stored(ledger, replace(prepared(), id="R-00000000"))
    columns = "kind, store, subject, state, version"
    place.edit(
        *(
            f"INSERT INTO moves SELECT 'R-{number:08}', {columns}, prepared_at + {number // 2 * 60}, amount, "
            f"currency, settled_at, replace(move, '{first.id}', 'R-{number:08}') FROM moves WHERE id = '{first.id}'"
            for number in range(1, 202)
        )
    )
    found = await ledger.find()
    assert len(found) == 200
    assert [move.id for move in found[:4]] == ["R-00000200", "R-00000201", "R-00000198", "R-00000199"]
    assert await ledger.find(states=frozenset({State.PREPARED, State.VOID})) == found
    assert await ledger.find(states=frozenset({State.VOID})) == ()


async def test_a_state_is_found_by_its_whole_name(ledger: SqlLedger) -> None:
    sent = await stored(ledger, replace(prepared(), state=State.SENDING))
    other = await stored(ledger, replace(prepared(), id="R-OTHER000", subject="ord_2", state=State.NOT_SENT))
    assert await ledger.find(states=frozenset({State.SENDING})) == (sent,)
    assert await ledger.find(states=frozenset({State.NOT_SENT, State.SENDING})) == (sent, other)


@pytest.mark.parametrize("state", list(State))
async def test_one_move_of_an_order_may_be_open_and_others_beside_it_may_not(
    ledger: SqlLedger, state: State
) -> None:
    await stored(ledger, replace(FULL, state=State.CONFIRMED))
    beside = replace(FULL, id="R-BESIDE00", state=state)
    if state in {State.CONFIRMED, State.SENDING, State.ACCEPTED, State.UNKNOWN, State.MANUAL}:
        assert await told(lambda: ledger.decide(keep(beside), by="test")) == (
            "refund.open: Another refund on the same order is under way, and only one may be. "
            "Call check_refund with the order; until it is settled nothing else is sent."
        )
        assert await ledger.get(beside.id) is None
        beside = replace(beside, subject="ord_2")
    await stored(ledger, beside)
    await stored(ledger, replace(beside, id="R-SECOND00", store="second"))
    assert await ledger.verify() == ()


async def test_two_desks_that_move_the_same_thing_are_told_apart(ledger: SqlLedger) -> None:
    await stored(ledger, FULL)
    for version in (FULL.version, FULL.version - 1, FULL.version + 2):
        stale = replace(FULL, state=State.SUCCEEDED, version=version)
        assert await told(lambda stale=stale: ledger.decide(keep(stale), by="test")) == (  # type: ignore[misc]
            "conflict: Another desk moved this at the same moment. Call check_refund to see where it is."
        )
    assert await ledger.get(FULL.id) == FULL
    with pytest.raises(ConflictError):
        await ledger.decide(keep(replace(FULL, version=9)), by="test")


async def test_the_columns_hold_what_the_line_holds(ledger: SqlLedger) -> None:
    move = await stored(ledger, replace(FULL, state=State.SENDING, settled_at=None, version=0))
    done = replace(move, state=State.SUCCEEDED, settled_at=after(3), version=1)
    await ledger.decide(keep(done), by="test")
    assert await spent(ledger, after(3)) == 500
    assert await spent(ledger, after(4)) == 0
    assert await ledger.get(move.id) == done


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"snapshot": {}, "sent_at": 7}'])
async def test_a_damaged_line_says_that_nothing_is_sent_and_what_helps(
    ledger: SqlLedger, place: Place, text: str
) -> None:
    move = await stored(ledger)
    place.edit(f"UPDATE moves SET move = '{text}'")
    with pytest.raises(SetupError) as caught:
        await ledger.get(move.id)
    assert str(caught.value) == (
        "setup: A line of the refund record is damaged. Nothing is sent on this order. Restore the record from a "
        "copy; clawver-orders refunds verify names it."
    )


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM switches WHERE name = 'pin'", ("the switch pin is missing",)),
        ("DELETE FROM switches", ("the switch frozen is missing", "the switch pin is missing")),
        ("UPDATE switches SET value = ''", ("the switch frozen is not", "the switch pin is not")),
        ("INSERT INTO switches VALUES ('other', 'x')", ("the switch other is not",)),
    ],
)
async def test_a_switch_that_was_turned_behind_the_desks_back_is_found(
    ledger: SqlLedger, place: Place, statement: str, found: tuple[str, ...]
) -> None:
    """Hostile 71: such as a PIN that was taken away."""
    await ledger.turn("pin", lambda _: "hash", note="the PIN was set", by="lee")
    for value in ("somebody", "lee"):
        await ledger.turn("frozen", lambda _, value=value: value, note="frozen", by="lee")  # type: ignore[misc]
    await stored(ledger)
    assert await ledger.verify() == ()
    place.edit(statement)
    assert await ledger.verify() == tuple(
        line if line.endswith("missing") else f"{line} as its last event left it" for line in found
    )


def line(number: int, move_id: str | None, text: str, previous: str, subject: str = "") -> dict[str, object]:
    fields = {"number": number, "move_id": move_id, "subject": subject, "move_hash": sha256(text)}
    return {**fields, "hash": chained(previous, fields)}


def test_what_is_wrong_with_a_record_is_named() -> None:
    first = line(1, "R-A", "one", NOBODY)
    second = line(2, "R-B", "two", str(first["hash"]))
    refused: dict[str, object] = {"number": 3, "move_id": None, "subject": "ord_1", "move_hash": NOBODY}
    third: dict[str, object] = {**refused, "hash": chained(str(second["hash"]), refused)}
    fourth = line(4, "R-A", "three", str(third["hash"]))
    events = [first, second, third, fourth]
    kept = [{"id": "R-A", "move": "three"}, {"id": "R-B", "move": "two"}]
    assert faults(events, kept, []) == []
    assert faults([], [], []) == []
    assert faults(events, [], []) == ["R-A is missing", "R-B is missing"]
    later = line(1, "R-B", "", NOBODY)
    assert faults([later, line(2, "R-A", "", str(later["hash"]))], [], []) == ["R-A is missing", "R-B is missing"]
    assert faults(events, [{"id": "R-A", "move": "one"}, kept[1]], []) == ["R-A is not as its last event left it"]
    assert faults(events, [*kept, {"id": "R-C", "move": "x"}], []) == ["R-C is not as its last event left it"]
    assert faults([first, third, fourth], kept[:1], []) == [
        "event 2 is missing",
        "event 3 does not follow from the one before",
    ]
    assert faults([{**first, "by": "nobody"}, *events[1:]], kept, []) == [
        "event 1 does not follow from the one before"
    ]
    assert faults(events[1:], kept, []) == ["event 1 is missing", "event 2 does not follow from the one before"]
    turned = line(1, None, "lee", NOBODY, "frozen")
    again = line(2, None, "", str(turned["hash"]), "frozen")
    assert faults([turned], [], [{"name": "frozen", "value": "lee"}]) == []
    assert faults([turned, again], [], [{"name": "frozen", "value": ""}]) == []
    stale = ["the switch frozen is not as its last event left it"]
    assert faults([turned, again], [], [{"name": "frozen", "value": "lee"}]) == stale
    assert faults([], [], [{"name": "frozen", "value": "lee"}]) == stale
    assert faults([turned], [{"id": "frozen", "move": "lee"}], []) == [
        "frozen is not as its last event left it",
        "the switch frozen is missing",
    ]
