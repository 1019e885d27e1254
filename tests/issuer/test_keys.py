"""When an issuer is asked for its keys: seldom, again for a key that is new, and not for ever while it is away."""

import anyio
import pytest

from clawver_orders.errors import BadResponseError, DeskError, NetworkError, NotFoundError
from clawver_orders.issuer import InvalidTokenError, Issuer
from tests.counter import Clock
from tests.issuing import AUDIENCE, OAUTH, OPENID, URL, House, private, published

pytestmark = pytest.mark.anyio


class Scene:
    """An issuer, and the desk's view of it, under one clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.house = House(self.clock.now)
        self.issuer = Issuer(URL, self.house.fetch, now=self.clock.now, awake=lambda: self.clock.awake)

    async def accepted(self, kid: str = "1", number: int = 1) -> bool:
        token = self.house.token(key=private("ES256", number), header={"kid": kid})
        try:
            await self.issuer.verify(token, AUDIENCE)
        except InvalidTokenError:
            return False
        return True

    def publish(self, *kids: str) -> None:
        self.house.keys = [published("ES256", private("ES256", int(kid)), kid=kid) for kid in kids]

    @property
    def asked(self) -> int:
        """How often it was asked for its keys since this was asked last."""
        count = self.house.asked.count(f"{URL}/keys")
        self.house.asked.clear()
        return count


async def test_keys_are_read_once_for_ten_minutes_and_for_all_who_wait() -> None:
    scene = Scene()
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(scene.accepted)
    assert scene.asked == 1
    scene.clock.pass_by(seconds=599)
    assert await scene.accepted()
    assert scene.asked == 0
    scene.clock.pass_by(seconds=1)
    assert await scene.accepted()
    assert scene.asked == 1


async def test_a_key_that_is_new_is_found_and_one_that_is_gone_ends() -> None:
    scene = Scene()
    scene.publish("1")
    assert await scene.accepted("1")
    scene.publish("2")
    scene.clock.pass_by(seconds=31)
    assert await scene.accepted("2", 2)
    assert not await scene.accepted("1")
    assert not await scene.accepted("1", 2)
    # Without one that is new, the old set counts for ten minutes.
    scene.publish("3")
    assert await scene.accepted("2", 2)
    scene.clock.pass_by(minutes=10)
    assert not await scene.accepted("2", 2)


async def test_all_that_come_with_a_new_key_at_once_are_accepted() -> None:
    scene = Scene()
    assert await scene.accepted()
    scene.publish("1", "2")
    scene.clock.pass_by(seconds=30)
    told: list[bool] = []

    async def come() -> None:
        told.append(await scene.accepted("2", 2))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(come)
    assert told == [True] * 10
    assert scene.asked == 2


async def test_names_of_keys_that_nobody_knows_do_not_make_the_desk_ask_all_the_time() -> None:
    scene = Scene()
    assert not await scene.accepted("nobody's")
    assert scene.asked == 1
    for number in range(100):
        assert not await scene.accepted(f"nobody's {number}")
    assert scene.asked == 0
    scene.clock.pass_by(seconds=30)
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(scene.accepted, f"nobody's {number}")
    assert scene.asked == 1


async def test_a_token_without_the_name_of_a_key_is_verified_where_only_one_fits() -> None:
    scene = Scene()
    scene.house.keys = [published("ES256", private("ES256")), published("RS256", private("RS256"))]
    token = scene.house.token(header={"kid": None})
    assert await scene.issuer.verify(token, AUDIENCE)
    scene.publish("1", "2")
    scene.clock.pass_by(minutes=10)
    with pytest.raises(InvalidTokenError):
        await scene.issuer.verify(scene.house.token(header={"kid": None}), AUDIENCE)


async def test_while_the_issuer_is_away_its_keys_count_for_an_hour_and_then_nothing_can_be_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = Scene()
    assert await scene.accepted()
    scene.house.away = True
    assert scene.asked == 1
    for _ in range(5):
        scene.clock.pass_by(minutes=10)
        assert await scene.accepted()
    assert "those that were read last still count" in caplog.text
    assert URL not in caplog.text
    scene.clock.pass_by(minutes=10)
    with pytest.raises(NetworkError, match="no complete answer from the issuer"):
        await scene.accepted()
    assert not scene.asked
    scene.house.away = False
    scene.clock.pass_by(seconds=30)
    assert await scene.accepted()


async def test_who_waits_for_an_issuer_that_hangs_is_one_and_not_all() -> None:
    scene = Scene()
    assert await scene.accepted()
    scene.clock.pass_by(minutes=10)
    hangs, goes_on = anyio.Event(), anyio.Event()
    answer = scene.house.fetch

    async def slow(url: str) -> bytes:
        hangs.set()
        await goes_on.wait()
        return await answer(url)

    scene.issuer._fetch = slow
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(scene.accepted)
        await hangs.wait()
        assert await scene.accepted()
        # It hangs still: nobody waited until it was given up.
        assert scene.issuer._error is None
        goes_on.set()


async def test_a_request_that_leaves_while_keys_are_read_takes_them_from_nobody() -> None:
    scene = Scene()
    with anyio.CancelScope() as left:
        left.cancel()
        await scene.accepted()
    assert scene.asked == 1
    assert await scene.accepted()
    assert scene.asked == 0


async def test_before_its_first_answer_an_issuer_is_asked_every_five_seconds() -> None:
    scene = Scene()
    scene.house.away = True
    for _ in range(3):
        with pytest.raises(NetworkError):
            await scene.accepted()
    assert scene.house.asked == [f"{URL}{OPENID}"]
    scene.house.away = False
    scene.clock.pass_by(seconds=5)
    assert await scene.accepted()


async def test_an_issuer_is_described_where_openid_or_oauth_has_it() -> None:
    scene = Scene()
    described = scene.house.documents()
    metadata = described.pop(f"{URL}{OPENID}")
    oauth = f"https://id.example{OAUTH}/shop"
    scene.house.documents = lambda: {**described, oauth: metadata}  # type: ignore[method-assign]  # another house
    assert await scene.accepted()
    assert scene.house.asked == [f"{URL}{OPENID}", oauth, f"{URL}/keys"]
    assert (await scene.issuer.metadata())["issuer"] == URL


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://id.example"},
        {"issuer": f"{URL}/"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": 5},
        {"jwks_uri": "http://id.example/keys"},
        {"jwks_uri": "http://127.0.0.1:1/keys"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_an_issuer_that_describes_itself_wrongly_is_not_believed(metadata: dict[str, object]) -> None:
    scene = Scene()
    scene.house.metadata = metadata
    with pytest.raises(BadResponseError, match="the issuer"):
        await scene.accepted()


async def test_an_address_of_the_issuer_is_told_if_it_is_safe() -> None:
    scene = Scene()
    scene.house.metadata = {
        "token_endpoint": "https://id.example/token",
        "end_session_endpoint": "http://id.example",
    }
    assert await scene.issuer.endpoint("token_endpoint") == "https://id.example/token"
    for name in ("end_session_endpoint", "authorization_endpoint"):
        with pytest.raises(BadResponseError, match=name):
            await scene.issuer.endpoint(name)
    assert await scene.issuer.keys() == 1


async def test_a_set_without_keys_is_believed_and_lets_nobody_in() -> None:
    scene = Scene()
    scene.house.keys = []
    assert not await scene.accepted()
    assert await scene.issuer.keys() == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"issuer": 1, "issuer": 2}', b"\xff"])
async def test_an_answer_that_is_no_sound_json_is_an_error(body: bytes) -> None:
    scene = Scene()

    async def garbled(url: str) -> bytes:
        return body

    scene.issuer._fetch = garbled
    with pytest.raises(BadResponseError, match="no JSON object"):
        await scene.accepted()


async def test_what_is_wrong_is_told_rather_than_what_is_missing() -> None:
    scene = Scene()
    oauth = f"https://id.example{OAUTH}/shop"
    scene.house.documents = lambda: {oauth: {"issuer": "https://other.example"}}  # type: ignore[method-assign]  # another house
    with pytest.raises(BadResponseError, match="describes itself as another issuer"):
        await scene.accepted()


async def test_where_nothing_is_published_that_is_said() -> None:
    scene = Scene()
    scene.house.documents = dict  # type: ignore[method-assign]  # another house
    with pytest.raises(NotFoundError, match="no such document"):
        await scene.accepted()


async def test_a_fetch_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawver_orders.issuer._FETCH_S", 0.01)
    scene = Scene()

    async def never(url: str) -> bytes:
        await anyio.sleep_forever()
        raise AssertionError("it went on")

    scene.issuer._fetch = never
    with pytest.raises(DeskError, match="did not answer in time"):
        await scene.accepted()
