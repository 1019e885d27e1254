"""Forged deliveries: what a seed makes of good ones, and whether any of them passes, or breaks what checks them."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from clawver_orders.errors import AuthError
from tests.webhooks.signing import OLD, OTHER, SECRET, VENDORS, Vendor, verify_of

_ODD = "0123456789abcdefABCDEFghzGZ+/=-_ ,;\t\0é٣ﬀıſ¼\u2028\ud800"
_EVERY = 1000  # one in so many is left as it is, and must pass

Change = Callable[[random.Random, str], str]
_SIGNATURES: dict[str, Change] = {
    "one sign": lambda chance, text: _with(chance, text, chance.choice(_ODD)),
    "one bit": lambda chance, text: _with(chance, text, chr(ord(chance.choice(text)) ^ 1 << chance.randrange(8))),
    "cut": lambda chance, text: text[: chance.randrange(len(text))],
    "its end": lambda chance, text: text[chance.randrange(1, len(text)) :],
    "longer": lambda chance, text: text + "".join(chance.choices(_ODD, k=chance.randrange(1, 80))),
    "before it": lambda chance, text: "".join(chance.choices(_ODD, k=chance.randrange(1, 80))) + text,
    "twice": lambda _, text: f"{text}, {text}",
    "other case": lambda chance, text: chance.choice((text.swapcase(), text.lower(), text.upper(), text.title())),
    "noise": lambda chance, text: "".join(chance.choices(_ODD, k=chance.randrange(200))),
    "no scheme": lambda _, text: text.removeprefix("sha256="),
    "other scheme": lambda chance, text: chance.choice(("sha1=", "sha256:", "SHA256=", "v1=")) + text[7:],
    "shuffled": lambda chance, text: "".join(chance.sample(text, len(text))),
    "ligatures": lambda _, text: text.replace("FF", "ﬀ").replace("ff", "ﬀ").replace("S", "ſ").replace("I", "ı"),
}


def _with(chance: random.Random, text: str, letter: str) -> str:
    place = chance.randrange(len(text))
    return text[:place] + letter + text[place + 1 :]


def _other_body(chance: random.Random, body: bytes) -> bytes:
    place = chance.randrange(len(body))
    return chance.choice(
        (
            body + b"\n",
            body[:place],
            body[:place] + bytes((body[place] ^ 1 << chance.randrange(8),)) + body[place + 1 :],
            body.replace(b":", b": "),
            b"\xef\xbb\xbf" + body,
            chance.randbytes(chance.randrange(60)),
        )
    )


@dataclass
class Tally:
    """What became of the forgeries; ``faults`` says which seed and number make it happen again."""

    refused: Counter[str] = field(default_factory=Counter)
    same: int = 0
    good: int = 0
    faults: list[str] = field(default_factory=list)


def forge(count: int, seed: int) -> Tally:
    """Make so many deliveries of a seed, and have each checked."""
    chance, tally = random.Random(seed), Tally()
    verifies = [(vendor, verify_of(vendor.platform)) for vendor in VENDORS]
    for number in range(count):
        vendor, verify = verifies[number % len(verifies)]
        how, headers, body = _forged(chance, vendor, number)
        is_good = body == vendor.body and _same(vendor, headers.get(vendor.header))
        try:
            verify(headers, body, (SECRET, OLD))
        except AuthError:
            tally.refused[how] += 1
            if is_good:
                tally.faults.append(f"number {number} of seed {seed}: a good one was refused ({how})")
        except Exception as error:  # noqa: BLE001 - any other is what is looked for
            tally.faults.append(f"number {number} of seed {seed}: {type(error).__name__} ({how})")
        else:
            tally.good, tally.same = tally.good + (how == "good"), tally.same + (how != "good")
            if not is_good:
                tally.faults.append(f"number {number} of seed {seed}: a forged one passed ({how})")
    return tally


def _forged(chance: random.Random, vendor: Vendor, number: int) -> tuple[str, dict[str, str], bytes]:
    if number % _EVERY < len(VENDORS):
        return "good", vendor.headers(secret=chance.choice((SECRET, OLD))), vendor.body
    how = chance.choice((*_SIGNATURES, "body", "secret", "vendor", "none"))
    headers, body = vendor.headers(), vendor.body
    if how == "body":
        body = _other_body(chance, body)
    elif how == "secret":
        headers = vendor.headers(secret=chance.choice((OTHER, "", SECRET[:-1], SECRET + "\n", SECRET.upper())))
    elif how == "vendor":
        headers[vendor.header] = chance.choice([one for one in VENDORS if one is not vendor]).sign(body, SECRET)
    elif how == "none":
        del headers[vendor.header]
    else:
        headers[vendor.header] = _SIGNATURES[how](chance, headers[vendor.header])
    return how, headers, body


def _same(vendor: Vendor, given: str | None) -> bool:
    """Whether a change left the signature what it was; Heidianer's may be in small letters, too."""
    right = [vendor.sign(vendor.body, secret) for secret in (SECRET, OLD)]
    if vendor.platform == "heidianer" and given is not None and given.isascii():
        given = given.upper()
    return given in right


def told(count: int, seed: int) -> tuple[str, bool]:
    """A run in words, and whether nothing was wrong."""
    began = time.monotonic()
    tally = forge(count, seed)
    lines = [f"  {how:<14}{tally.refused[how]:>9,} refused" for how in sorted(tally.refused)]
    lines += [f"FAULT {fault}" for fault in tally.faults[:20]]
    lines.append(
        f"{count:,} deliveries of seed {seed} in {time.monotonic() - began:.0f} s: {sum(tally.refused.values()):,} "
        f"forged and refused, {tally.good:,} good and {tally.same:,} changed to the same passed, "
        f"{len(tally.faults)} faults"
    )
    return "\n".join(lines), not tally.faults
