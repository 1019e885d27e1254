"""Other people's words made harmless: cleaning, quoting, masking of customers, and redaction for logs.

Cleaning is linear in the cap, not in what arrives: a note of 100 kB costs what its first few thousand characters
cost. No check depends on it; it only keeps text from acting on whoever renders or reads it.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_ELLIPSIS: Final = "…"

# ESC [ … letter, ESC ] … BEL, and the two-character ones; what is left of a broken one loses its ESC below.
_ANSI: Final = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?")
_TAG: Final = re.compile(r"<[A-Za-z/!?][^<>]*>")
_TAG_START: Final = re.compile(r"<(?=[A-Za-z/!?])")
_SPACES: Final = re.compile(r"[^\S\n]+")
_NEWLINES: Final = re.compile(r" ?\n[ \n]*")
_ANY_SPACES: Final = re.compile(r"\s+")
_LINE_ENDS: Final = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")

# Letters and marks that show nothing, and characters reserved for that; format characters (Cf) are all refused.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufdd0-\ufdef\ufe00-\ufe0e\uffa0\ufff0-\ufffc"
    "\U0001d159\U000e0000-\U000e0fff]"
)
_EMOJI_STYLE: Final = "\ufe0f"
_BANNED: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
_MARKS: Final = frozenset({"Mn", "Me"})
_MAX_MARKS: Final = 8
# Longer runs make normalisation slow, and exist in no language (Unicode's own bound is 30).
_MARK_RUN: Final = 30

_SCHEME: Final = re.compile(r":(?=//)|(?<=javascript):(?=\S)|(?<=vbscript):(?=\S)", re.IGNORECASE)
_DATA: Final = re.compile(r"(?<=\bdata):(?=[a-z]{1,40}/|[;,])", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:(?<=//)|(?<![^\W_])www(?=\.))[^\s/?#]*", re.IGNORECASE)
_DOT: Final = re.compile(r"\.(?=\w)")
_BRACKET: Final = re.compile(r"\](?=[(\[:])|!(?=\[)")

_DIGITS: Final = re.compile(r"\d+")
_CARD_GAP: Final = re.compile(r"[ -]{1,3}|\.")
_CARD_GROUPS: Final = 10
_CARD_MASK: Final = "••••"

# A guard, so that most strings (titles, names, addresses; Chinese and Japanese too) skip all the work below:
# nothing in it can be a tag, a link, an address with its scheme, or not in its normal form.
_PLAIN: Final = re.compile(
    r"(?![^/]*/[^/]*/)(?!.*[wW]{3}\.)[A-Za-z0-9,'#()+&%@_./\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff-]+"
    r"(?: [A-Za-z0-9,'#()+&%@_./\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff-]+)*",
)


def clean(value: object, cap: int = 500, *, lines: bool = False, cards: bool = True) -> str | None:
    """A string of a buyer or a shop, made safe to show to a model and in a rendered page.

    In Unicode's NFC form. HTML tags become a space. Gone are control characters and terminal escapes, invisible
    and bidirectional ones, tag characters, private ones, lone surrogates, and variation selectors but the one
    that colours an emoji. That takes the joiners from emoji families (👩‍👧 becomes two emoji) and the half-spaces
    from Persian: what cannot be seen can carry orders. Marks stacked higher than eight are cut.

    Nothing renders as a link or an image: ``](``, ``][``, ``]:`` and ``![`` get a space, addresses are written
    ``https[:]//shop[.]test/a``. E-mail addresses stay as they are. Card numbers become ``••••``.

    Cleaning what is clean changes nothing.

    Args:
        value: What arrived.
        cap: The greatest length of the result, in characters; what is longer ends in an ellipsis.
        lines: Keep single line ends; without it they become spaces.
        cards: Mask what passes for a card number. False for identifiers: one parcel number in ten would.

    Returns:
        The text, maybe empty; None where the value is no string.
    """
    if not isinstance(value, str):
        return None
    if len(value) <= cap and _PLAIN.fullmatch(value) and (len(value) < 13 or sum(map(str.isdigit, value)) < 13):
        return value
    cut = len(value) > 4 * cap + 1000
    text = unicodedata.normalize("NFC", _short_runs(_ANSI.sub("", value[: 4 * cap + 1000])))
    text = unicodedata.normalize("NFC", "".join(_visible(text, "\n" if lines else " ")))
    text = _TAG_START.sub("‹", _TAG.sub(" ", text))
    text = _NEWLINES.sub("\n", _SPACES.sub(" ", text)).strip() if lines else _ANY_SPACES.sub(" ", text).strip()
    cut, text = cut or len(text) > 2 * cap + 100, text[: 2 * cap + 100].rstrip()
    if cards:
        text = _mask_cards(text)
    text = _BRACKET.sub(r"\g<0> ", _unlink(text))
    if len(text) > cap or (cut and not text.endswith(_ELLIPSIS)):
        text = text[: cap - 1].rstrip() + _ELLIPSIS
        # The cut can have made a card number out of a longer one.
        text = _mask_cards(text) if cards else text
    return text


def _short_runs(text: str) -> str:
    if text.isascii():
        return text
    run = 0
    kept: list[str] = []
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        if run <= _MARK_RUN:
            kept.append(char)
    return "".join(kept)


def _visible(text: str, line_end: str) -> Iterator[str]:
    marks = 0
    emoji = False  # whether the last character that was kept can be coloured
    for char in text:
        if " " <= char <= "~":
            marks, emoji = 0, False
            yield char
        elif char in _LINE_ENDS:
            marks, emoji = 0, False
            yield line_end
        elif char.isspace():
            marks, emoji = 0, False
            yield " "
        elif char == _EMOJI_STYLE:
            if emoji:
                yield char
            emoji = False
        elif (category := unicodedata.category(char)) in _MARKS:
            marks += 1
            if marks <= _MAX_MARKS and not _INVISIBLE.match(char):
                emoji = False
                yield char
        elif category not in _BANNED and not _INVISIBLE.match(char) and ord(char) & 0xFFFE != 0xFFFE:
            marks, emoji = 0, category in {"So", "Sm"}
            yield char


def _unlink(text: str) -> str:
    text = _DATA.sub("[:]", _SCHEME.sub("[:]", text))
    return _HOST.sub(lambda host: _DOT.sub("[.]", host[0]), text)


def _mask_cards(text: str) -> str:
    groups = [(match.start(), match.end()) for match in _DIGITS.finditer(text)]
    kept: list[str] = []
    done = 0
    first = 0
    while first < len(groups):
        last = _card(text, groups, first)
        if last is None:
            first += 1
            continue
        kept += (text[done : groups[first][0]], _CARD_MASK)
        done = groups[last][1]
        first = last + 1
    return "".join((*kept, text[done:]))


def _card(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last of the groups of digits that make up the longest card number from the first one on."""
    found = None
    count = plain = doubled = 0  # Luhn's sum as it is if the last digit is the last, and if one more follows
    gaps = ""
    for index in range(first, min(first + _CARD_GROUPS, len(groups))):
        start, end = groups[index]
        count += end - start
        if count > 19:
            break
        if index > first:
            gap = text[groups[index - 1][1] : start]
            # Prices in a row have points and spaces; a card number has one or the other.
            if not _CARD_GAP.fullmatch(gap) or (gaps and (gap == ".") != (gaps == ".")):
                break
            gaps = gap
        for char in text[start:end]:
            digit = int(char)
            plain, doubled = doubled + digit, plain + digit * 2 // 10 + digit * 2 % 10
        if count >= 13 and plain % 10 == 0:
            found = index
    return found


def quoted(text: str) -> str:
    """Somebody else's words in « », which cannot be closed from inside."""
    return f"«{text.replace('«', '‹').replace('»', '›')}»"


def mask_email(email: str) -> str:
    """``maria@shop.test`` as ``m***@s***.test``."""
    user, _, domain = email.rpartition("@")
    host, _, top = domain.rpartition(".")
    if not user or not domain:
        return "***"
    if not host or not re.fullmatch(r"[A-Za-z]{2,24}", top):
        return f"{user[0]}***@{domain[0]}***"
    return f"{user[0]}***@{host[0]}***.{top}"


def mask_emails(text: str) -> str:
    """A text with each e-mail address in it masked."""
    return re.sub(r"[^\s@]{1,200}@[^\s@]{1,200}", lambda found: mask_email(found[0]), text)


def mask_phone(phone: str) -> str:
    """A phone number's last two digits, after asterisks; nothing of one with fewer than six digits."""
    digits = re.findall(r"\d", phone)
    return f"***{''.join(digits[-2:])}" if len(digits) >= 6 else "***"


def mask_name(name: str) -> str:
    """``Maria Lopez`` as ``M***``."""
    return f"{name.strip()[:1]}***"


def mask_address(city: str | None, country: str | None) -> str | None:
    """What may be shown of an address: city and country, as far as they are known."""
    return ", ".join(part for part in (city, country) if part) or None


_LOG_CAP: Final = 4000
_NAMED: Final = r"(?i:key|token|signature|secret|passw(?:or)?d|(?<![a-z])sig(?![a-z]))[\w-]{0,40}"
_IS: Final = r"[\\\"']{0,3}\s{0,9}(?:=|:|%3[Dd])\s{0,9}"
_REDACTIONS: Final = (
    (re.compile(r"\b(claw_[a-z]{2,8}_|whsec_)[A-Za-z0-9_-]+"), r"\1***"),
    # A JWT begins with {" in base64.
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]{2,}(?:\.[\w-]*)?", re.ASCII), "***"),
    (re.compile(rf"((?i:authorization|cookie){_IS})[^\r\n]+"), r"\1***"),
    (re.compile(r"(?i)\b(bearer|basic)\s{1,9}[^\s,;\"']+"), r"\1 ***"),
    (re.compile(r"(//)[^\s/@]{1,200}@"), r"\1***@"),
    (re.compile(rf"({_NAMED}{_IS})\"[^\"\r\n]*\"?"), r'\1"***"'),
    (re.compile(rf"({_NAMED}{_IS})'[^'\r\n]*'?"), r"\1'***'"),
    (re.compile(rf"({_NAMED}{_IS}(?:\\[\"'])?)(?![\"'])[^\s&;,\"'<>)\]}}\\]+"), r"\1***"),
)


def redact(text: str) -> str:
    """A line for the log without what looks like a secret, at most 4,000 characters.

    Values after a word that contains key, token, signature, secret or password, after ``Bearer`` and ``Basic``,
    whole authorization and cookie headers, user names in URLs, and Clawver's keys wherever they stand.
    """
    text = text[:_LOG_CAP]
    for pattern, mask in _REDACTIONS:
        text = pattern.sub(mask, text)
    return text
