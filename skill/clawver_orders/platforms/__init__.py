"""The platforms that a store can be on. One is loaded when a store on it is opened, so that none costs the others.

A platform is a package with a ``PLATFORM``, registered here by one line.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clawver_orders.http import Http
from clawver_orders.settings import Key, Platforms, StoreSettings
from clawver_orders.store import Capabilities, Store

MODULES: Final[Mapping[str, str]] = {
    "clawver": "clawver_orders.platforms.clawver",
}


@dataclass(frozen=True, slots=True)
class Platform:
    """One shop system.

    Attributes:
        keys: What a store on it can be told in the settings, base_url and currency among them.
        open: Makes a store of its settings, its connections and the wall clock; nothing is sent by that.
        capabilities: What a store can do where everything is set.
    """

    keys: tuple[Key, ...]
    open: Callable[[StoreSettings, Http, Callable[[], datetime]], Store]
    capabilities: Capabilities


def load(name: str, modules: Mapping[str, str] = MODULES) -> Platform:
    """The platform of that name."""
    platform: Platform = importlib.import_module(modules[name]).PLATFORM
    return platform


def settings_of(modules: Mapping[str, str] = MODULES) -> Platforms:
    """What the stores of each platform can be told; each is loaded only where it is asked for."""

    def keys_of(name: str) -> Callable[[], tuple[Key, ...]]:
        return lambda: load(name, modules).keys

    return {name: keys_of(name) for name in modules}
