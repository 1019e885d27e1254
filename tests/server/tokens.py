"""Counts tokens as budgets do: o200k_base, JSON without spaces."""

import importlib
import json
import warnings
from typing import Any


def _encoding() -> Any:
    with warnings.catch_warnings():
        # The package reads its tables in a way that Python 3.11 warns of.
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module("bpe_openai").get_encoding("o200k_base")


_ENCODING = _encoding()


def tokens(value: object) -> int:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return len(_ENCODING.encode(text))
