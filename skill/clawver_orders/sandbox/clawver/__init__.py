"""Clawver's dialect, in both generations of its API.

Where the vendor's documents are silent the sandbox chose; references/sandbox.md lists every choice.
"""

from .api import READ_ONLY_KEY, Clawver, Generation

__all__ = ["READ_ONLY_KEY", "Clawver", "Generation"]
