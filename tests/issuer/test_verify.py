"""What is accepted of an issuer's tokens, and that nothing else is, whatever is done to one."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from clawver_orders.issuer import InvalidTokenError, Kind
from tests.counter import NOON, Clock
from tests.issuing import AUDIENCE, URL, House, encoded, later, private, published, signed

pytestmark = pytest.mark.anyio

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")


def house(**more: Any) -> House:
    return House(lambda: NOON, **more)


async def refused(at: House, token: str, kind: Kind = "access") -> str:
    with pytest.raises(InvalidTokenError) as told:
        await at.issuer().verify(token, AUDIENCE, kind=kind)
    return str(told.value)


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
async def test_what_the_issuer_signed_is_accepted(algorithm: str) -> None:
    family = "RS256" if algorithm[:2] in {"RS", "PS"} else algorithm
    key = published(family, private(family), kid="1")
    # Of one kind of key, whatever may be signed with it.
    del key["alg"]
    at = house(keys=[key, {"kty": "oct", "k": "AA", "kid": "1"}, 5])
    claims = await at.issuer().verify(
        at.token(algorithm=algorithm, key=private(family), aud=["other", AUDIENCE], extra={"a": [1]}), AUDIENCE
    )
    assert (claims.subject, claims.every["extra"]) == ("bot", {"a": [1]})
    assert int(claims.good_until.timestamp()) == later(NOON, seconds=330)


async def test_a_token_without_a_signature_or_with_a_shared_secret_is_refused() -> None:
    """The public key is no secret, and must not be taken for one."""
    at = house(keys=[published("RS256", private("RS256"), kid="1")])
    payload = encoded(json.dumps(at.claims()).encode())
    public = private("RS256").public_key()
    secrets = [
        *(public.public_bytes(form, PublicFormat.SubjectPublicKeyInfo) for form in (Encoding.PEM, Encoding.DER)),
        json.dumps(at.keys[0]).encode(),
        b"",
    ]
    for said in ("HS256", "HS384", "HS512", "hs256"):
        head = f"{encoded(json.dumps({'alg': said, 'kid': '1'}).encode())}.{payload}"
        for secret in secrets:
            of = getattr(hashlib, f"sha{said[2:]}")
            forged = f"{head}.{encoded(hmac.new(secret, head.encode(), of).digest())}"
            assert await refused(at, forged) == "signed in a way that is not allowed"
    others: tuple[object, ...] = ("none", "None", "NONE", "", None, 5, ["RS256"], "RS1", "ES256K", "A128KW", "dir")
    for other in others:
        header = encoded(json.dumps({"alg": other, "kid": "1"}).encode())
        for signature in ("", "AA", encoded(b"x" * 64)):
            assert await refused(at, f"{header}.{payload}.{signature}")


async def test_a_key_signs_only_what_its_kind_and_its_name_for_it_say() -> None:
    rsa = private("RS256")
    at = house(keys=[published("RS256", rsa, kid="1")])
    for algorithm in ("RS384", "PS256"):
        assert await refused(at, at.token(algorithm=algorithm, key=rsa)) == "no key of the issuer's fits"
    for more in ({"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "RSA-OAEP"}, {"kty": "EC"}, {"use": 5}):
        at = house(keys=[{**published("RS256", rsa, kid="1"), **more}])
        assert await refused(at, at.token(algorithm="RS256")) == "no key of the issuer's fits"
    weak = private("RS256", 9, 1024)
    at = house(keys=[published("RS256", weak, kid="1")])
    assert await refused(at, at.token(algorithm="RS256", key=weak)) == "no key of the issuer's fits"


async def test_a_foreign_key_of_the_same_name_is_refused() -> None:
    at = house()
    assert await refused(at, at.token(key=private("ES256", 2))) == "the signature is wrong"


async def test_keys_that_a_token_brings_along_are_not_looked_at() -> None:
    at, foreign = house(), private("ES256", 2)
    brought = published("ES256", foreign, kid="1")
    for header in (
        {"jwk": brought},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["AA"]},
        {"jwk": brought, "kid": None},
        {"kid": "https://evil.example/keys"},
        {"kid": "../../../../dev/null"},
    ):
        assert await refused(at, at.token(key=foreign, header=header))
    assert all(asked.startswith(URL) for asked in at.asked)
    # With the right key they do no harm.
    assert await at.issuer().verify(at.token(header={"jku": "https://evil.example/keys"}), AUDIENCE)


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": None, "b64": False},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
        {"typ": "dpop+jwt"},
        {"typ": "secevent+jwt"},
        {"typ": 5},
        {"kid": 1},
        {"kid": ["1"]},
        {"kid": "2"},
    ],
)
async def test_a_header_that_wants_something_else_is_refused(header: Mapping[str, object]) -> None:
    at = house()
    assert await refused(at, at.token(header=header))


async def test_each_kind_of_token_is_accepted_as_that_kind_only() -> None:
    at = house()
    for kind, of_type, ok in (
        ("access", "at+jwt", True),
        ("access", "application/at+jwt", True),
        ("access", "JWT", True),
        ("access", None, True),
        ("id", "JWT", True),
        ("id", None, True),
        ("id", "at+jwt", False),
    ):
        token = at.token(header={"typ": of_type})
        if ok:
            assert await at.issuer().verify(token, AUDIENCE, kind=kind)  # type: ignore[arg-type]
        else:
            assert await refused(at, token, kind) == "of another type"  # type: ignore[arg-type]
    # An ID token that has hashes of what came with it is one, whatever its audience.
    assert await refused(at, at.token(at_hash="x")) == "an ID token, which lets nobody in"
    assert (await at.issuer().verify(at.token(at_hash="x", header={"typ": "JWT"}), AUDIENCE, kind="id")).every


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://id.example"}, "of another issuer"),
        ({"iss": f"{URL}/"}, "of another issuer"),
        ({"iss": [URL]}, "of another issuer"),
        ({"iss": None}, "of another issuer"),
        ({"aud": "https://other.example/mcp"}, "for another audience"),
        ({"aud": f"{AUDIENCE}/"}, "for another audience"),
        ({"aud": []}, "for another audience"),
        ({"aud": [AUDIENCE] * 101}, "for another audience"),
        ({"aud": [AUDIENCE, 5]}, "a malformed aud"),
        ({"aud": {AUDIENCE: True}}, "a malformed aud"),
        ({"aud": 5}, "a malformed aud"),
        ({"aud": None}, "a malformed aud"),
        *(({"sub": sub}, "a malformed sub") for sub in (None, "", 5, ["bot"], "a\nb", "a\u202eb", "ü", "x" * 256)),
        ({"exp": None}, "without exp"),
        *(({"exp": exp}, "a malformed exp") for exp in ("1", True, [5], {"a": 1}, -1, 1e300, 10**19)),
        ({"exp": later(NOON, seconds=-30)}, "expired"),
        ({"exp": 0}, "expired"),
        ({"nbf": later(NOON, seconds=31)}, "not good yet"),
        ({"iat": later(NOON, seconds=31)}, "not good yet"),
        *(({name: "x"}, f"a malformed {name}") for name in ("nbf", "iat")),
        ({"nbf": False}, "a malformed nbf"),
    ],
)
async def test_claims_that_are_wrong_missing_or_of_another_type_are_refused(
    claims: dict[str, Any], why: str
) -> None:
    at = house()
    token = at.token(**claims)
    assert await refused(at, token) == why


async def test_clocks_may_differ_by_half_a_minute() -> None:
    at = house()
    for good in ({"exp": later(NOON, seconds=-29)}, {"nbf": later(NOON, seconds=30)}, {"iat": None}):
        assert await at.issuer().verify(at.token(**good), AUDIENCE)


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b"\xff{}",
        b"{'iss': 1}",
        b'{"exp": 1e999}',
        b'{"exp": NaN}',
        b'{"exp": Infinity}',
        b'{"exp": ' + b"9" * 400 + b"}",
        b'{"exp": -' + b"9" * 5000 + b"}",
        b'{"a": {"b": [NaN]}}',
        b"[" * 3000,
        b'{"sub": "bot", "sub": "boss"}',
        b'{"a": {"b": 1, "b": 2}}',
        b"\xef\xbb\xbf{}",
    ],
)
async def test_what_can_be_read_in_two_ways_or_none_is_refused_in_claims_and_header(body: bytes) -> None:
    at = house()
    key = private("ES256")
    header = json.dumps({"alg": "ES256", "kid": "1"}).encode()
    assert await refused(at, signed(header, body, key, "ES256")) == "its claims are no sound JSON"
    told = await refused(at, signed(body, json.dumps(at.claims()).encode(), key, "ES256"))
    assert told == "its header is no sound JSON"


async def test_a_duplicate_of_a_good_claim_is_refused() -> None:
    at = house()
    payload = json.dumps(at.claims()).encode()
    header = json.dumps({"alg": "ES256", "kid": "1"}).encode()
    twice = payload[:-1] + b', "sub": "boss"}'
    assert await at.issuer().verify(signed(header, payload, private("ES256"), "ES256"), AUDIENCE)
    assert await refused(at, signed(header, twice, private("ES256"), "ES256")) == "its claims are no sound JSON"


async def test_what_is_too_long_cut_or_no_token_at_all_is_refused_unread() -> None:
    at = house()
    good = at.token()
    assert await refused(at, at.token(filler="x" * 9000)) == "too long"
    assert at.asked == []
    head, body, signature = good.split(".")
    for token in (
        "",
        ".",
        "..",
        "a.b.c",
        good[:-1],
        good[1:],
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{good}.{signature}",
        f"{head}..{signature}",
        f"{good}=",
        f"{good} ",
        f" {good}",
        f"{good}\n",
        good.replace(".", "。"),
        good + "é",
        json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]}),
    ):
        assert await refused(at, token)
    # The same bits in another spelling.
    raw = base64.urlsafe_b64decode(signature + "==")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled = [signature[:-1] + letter for letter in alphabet if letter != signature[-1]]
    same = [other for other in spelled if base64.urlsafe_b64decode(other + "==") == raw]
    assert same
    for other in same:
        assert await refused(at, f"{head}.{body}.{other}") == "no token"


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_token_that_was_changed_is_accepted_or_fails(data: st.DataObject) -> None:
    at = house()
    good = at.token()
    place = data.draw(st.integers(0, len(good) - 1))
    piece = data.draw(st.text(st.characters(codec="utf-8"), max_size=3) | st.sampled_from([".", "A", "_", "="]))
    cut = data.draw(st.integers(0, 3))
    changed = good[:place] + piece + good[place + cut :]
    if changed == good:
        return
    with pytest.raises(InvalidTokenError):
        asyncio.run(at.issuer().verify(changed, AUDIENCE))


SOUND = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    SOUND | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from([URL, AUDIENCE]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("iss", "aud", "sub", "exp", "nbf", "iat", "scope", "stores", "crit", "kid", "alg", "typ", "b64", "cty")


@settings(deadline=None, max_examples=150)
@given(
    claims=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3),
    header=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=2),
)
def test_whatever_the_issuer_signs_is_sound_or_refused(claims: dict[str, Any], header: dict[str, Any]) -> None:
    at = house()
    said = {**at.claims(), **claims}
    head = {"alg": "ES256", "kid": "1", **header}
    token = signed(json.dumps(head).encode(), json.dumps(said).encode(), private("ES256"), "ES256")
    try:
        accepted = asyncio.run(at.issuer().verify(token, AUDIENCE))
    except InvalidTokenError:
        return
    assert said["iss"] == URL
    assert AUDIENCE in ([said["aud"]] if isinstance(said["aud"], str) else said["aud"])
    assert accepted.subject == said["sub"]
    assert isinstance(said["exp"], int | float)
    assert later(NOON) < said["exp"] + 30
    assert head["alg"] == "ES256"
    assert head.get("kid") in {"1", None}
    assert "crit" not in head


MEMBERS = ("kty", "crv", "n", "e", "x", "y", "kid", "alg", "use", "key_ops")
WORDS = ("RSA", "EC", "OKP", "oct", "P-256", "P-384", "Ed25519", "AA", "AQAB", "", "1", "ES256", "none", "sig", "ü")


@settings(deadline=None, max_examples=100)
@given(st.lists(st.dictionaries(st.sampled_from(MEMBERS), SOUND | st.sampled_from(WORDS) | st.lists(SOUND))))
def test_whatever_stands_in_a_set_of_keys_the_good_one_is_found(strange: list[object]) -> None:
    at = house()
    at.keys = [*strange, *at.keys, *strange]
    assert asyncio.run(at.issuer().verify(at.token(), AUDIENCE)).subject == "bot"


def test_the_clock_of_the_tests_is_not_that_of_the_library() -> None:
    """Times are measured by the desk's clock: a token of the day of the tests is over for everybody else's."""
    at = House(Clock(NOON.replace(year=2001)).now)
    assert asyncio.run(at.issuer().verify(at.token(), AUDIENCE))
