"""What the shops tell of their own accord: received over HTTP, checked, remembered, and no more than that."""

from clawver_orders.webhooks.receiver import Receiver, Sender
from clawver_orders.webhooks.secrets import Kept, SecretFiles, StoreSecrets, forget_deleted

__all__ = ["Kept", "Receiver", "SecretFiles", "Sender", "StoreSecrets", "forget_deleted"]
