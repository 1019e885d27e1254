"""The platforms that a store can be on. One is loaded when a store on it is opened, so that none costs the others.

A platform is a package with a ``PLATFORM``, registered here by one line.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from clawver_orders.events import Verify
from clawver_orders.http import Http
from clawver_orders.settings import Key, Plain, Platforms, StoreSettings
from clawver_orders.settings.keys import Place
from clawver_orders.settings.secret import ALLOWED
from clawver_orders.store import Capabilities, Store

MODULES: Final[Mapping[str, str]] = {
    "clawver": "clawver_orders.platforms.clawver",
    "heidianer": "clawver_orders.platforms.heidianer",
    "gateway": "clawver_orders.platforms.gateway",
    "woocommerce": "clawver_orders.platforms.woocommerce",
}


class Secret(Protocol):
    """Something of the settings that is looked up when it is needed."""

    def value(self) -> str:
        """The secret. SetupError where it is missing."""
        ...


@dataclass(frozen=True, slots=True)
class Platform:
    """One shop system.

    Attributes:
        keys: What a store on it can be told in the settings, base_url and currency among them.
        open: Makes a store of its settings, its connections and the wall clock; nothing is sent by that.
        capabilities: What a store can do where everything is set.
        webhook: Checks and reads what its shops send of their own accord; None where they send nothing.
    """

    keys: tuple[Key, ...]
    open: Callable[[StoreSettings, Http, Callable[[], datetime]], Store]
    capabilities: Capabilities
    webhook: Verify | None = None


def load(name: str, modules: Mapping[str, str] = MODULES) -> Platform:
    """The platform of that name."""
    platform: Platform = importlib.import_module(modules[name]).PLATFORM
    return platform


def settings_of(modules: Mapping[str, str] = MODULES) -> Platforms:
    """What the stores of each platform can be told; each is loaded only where it is asked for."""

    def keys_of(name: str) -> Callable[[], tuple[Key, ...]]:
        return lambda: load(name, modules).keys

    return {name: keys_of(name) for name in modules}


def opened_by(
    name: str, platform: str, base_url: str, said: Mapping[str, object], modules: Mapping[str, str] = MODULES
) -> StoreSettings:
    """The settings of a store as plain values say them, such as a made-up shop's: secrets are no references there.

    Args:
        name: The store's name.
        platform: The platform's name.
        base_url: The address of its API.
        said: Values by the setting's name; what is not said is as if it stood in no file.
        modules: The platforms that there are.
    """
    place = Place(Path.cwd(), {}, ())
    options: dict[str, object] = {}
    for key in load(platform, modules).keys:
        if key.name in said:
            value = said[key.name]
            options[key.name] = Plain(str(value)) if key.allowed == ALLOWED else value
        elif key.otherwise is not None and key.allowed != ALLOWED:
            options[key.name] = key.otherwise(place)
    return StoreSettings(name, platform, base_url, options)
