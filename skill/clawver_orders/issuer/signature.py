"""Who signed a token: its header, the issuer's keys, and PyJWT for the signature itself."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clawver_orders.issuer.claims import InvalidTokenError, Kind, strict_object

if TYPE_CHECKING:
    from jwt.algorithms import AllowedPublicKeys

# Signatures of a private key alone: what verifies here cannot sign.
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
# What a key must be (kty, crv), which members of it are read, and what may be signed with it.
_KINDS: Final[Mapping[tuple[str, str | None], tuple[tuple[str, ...], frozenset[str]]]] = {
    ("RSA", None): (("n", "e"), _RSA),
    ("EC", "P-256"): (("crv", "x", "y"), frozenset({"ES256"})),
    ("EC", "P-384"): (("crv", "x", "y"), frozenset({"ES384"})),
    ("OKP", "Ed25519"): (("crv", "x"), frozenset({"EdDSA"})),
}
ALGORITHMS: Final = frozenset[str]().union(*(algorithms for _, algorithms in _KINDS.values()))
_RSA_BITS: Final = 2048
_LONGEST: Final = 8 * 1024
_TOKEN: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
# RFC 9068 for access tokens; many issuers still say JWT, or nothing.
_TYPES: Final[Mapping[Kind, frozenset[str]]] = {
    "access": frozenset({"at+jwt", "application/at+jwt", "jwt"}),
    "id": frozenset({"jwt"}),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of the issuer's.

    Attributes:
        kid: Its name, if it has one.
        algorithms: What may be signed with it.
        public: The key itself.
    """

    kid: str | None
    algorithms: frozenset[str]
    public: "AllowedPublicKeys"


@dataclass(frozen=True, slots=True)
class Header:
    """What a token says of its signature. What else stands there, such as keys and their addresses, is not read."""

    algorithm: str
    kid: str | None

    def fitting(self, keys: Sequence[Key]) -> Sequence[Key]:
        """The keys that it may have been signed with; without a name, the one that fits, where it is one."""
        fit = [key for key in keys if self.algorithm in key.algorithms]
        if self.kid is not None:
            return [key for key in fit if key.kid == self.kid]
        return fit if len(fit) == 1 else ()


def header(token: str, kind: Kind) -> Header:
    """The header of a token, before anything of it is believed.

    Raises:
        InvalidTokenError: It is no token that could be accepted.
    """
    if len(token) > _LONGEST:
        raise InvalidTokenError("too long")
    parts = _TOKEN.fullmatch(token)
    if not parts:
        raise InvalidTokenError("no token")
    head, _, _ = map(_decoded, parts.groups())
    try:
        said = strict_object(head)
    except ValueError:
        raise InvalidTokenError("its header is no sound JSON") from None
    algorithm, kid, of_type = said.get("alg"), said.get("kid"), said.get("typ", "jwt")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise InvalidTokenError("signed in a way that is not allowed")
    if "crit" in said:
        raise InvalidTokenError("it wants what is not known here (crit)")
    if not isinstance(kid, str | None) or not isinstance(of_type, str):
        raise InvalidTokenError("a malformed header")
    if of_type.lower() not in _TYPES[kind]:
        raise InvalidTokenError("of another type")
    return Header(algorithm, kid)


def _decoded(part: str) -> bytes:
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise InvalidTokenError("no token") from None
    # The same bits can be spelled in several ways; only one of them is the token.
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != part:
        raise InvalidTokenError("no token")
    return decoded


def payload(token: str, said: Header, keys: Sequence[Key]) -> bytes:
    """What was signed.

    Raises:
        InvalidTokenError: None of the keys signed it.
    """
    if not keys:
        raise InvalidTokenError("no key of the issuer's fits")
    for key in keys:
        try:
            signed: bytes = jwt.PyJWS().decode(token, key.public, algorithms=[said.algorithm])
        except jwt.PyJWTError:
            continue
        return signed
    raise InvalidTokenError("the signature is wrong")


def keys_of(document: Mapping[str, object]) -> tuple[Key, ...]:
    """The keys of a set (RFC 7517) that can be used; what is of no use here is passed over."""
    listed = document.get("keys")
    found = [_key(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return tuple(key for key in found if key is not None)


def _key(said: Mapping[str, object]) -> Key | None:
    kty, crv, kid, alone = said.get("kty"), said.get("crv"), said.get("kid"), said.get("alg")
    operations = said.get("key_ops", ["verify"])
    if said.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    if not isinstance(kty, str) or not isinstance(crv, str | None):
        return None
    if not isinstance(kid, str | None) or not isinstance(alone, str | None):
        return None
    members, algorithms = _KINDS.get((kty, crv), ((), frozenset()))
    if alone is not None:
        algorithms &= {alone}
    if not algorithms:
        return None
    # Its public part alone: a set must not hold more, and more is not wanted here.
    public = {"kty": kty, **{name: said.get(name) for name in members}}
    family = jwt.get_algorithm_by_name(min(algorithms))
    try:
        key = family.from_jwk(public)
    except (jwt.InvalidKeyError, ValueError, TypeError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < _RSA_BITS:
        return None
    return Key(kid, algorithms, key)
