"""The durable record of every money move: one file by default, a PostgreSQL database where machines share a desk.

What is kept and how it is read stands once, in ``tables``; ``sqlite`` and ``postgres`` say what a transaction is.
``postgres`` is imported only where a database is set, and with it its driver.
"""

from clawver_orders.ledger.records import Event, dump, load
from clawver_orders.ledger.sqlite import FILE_NAME, File, SqliteLedger
from clawver_orders.ledger.tables import VERSION, SqlLedger

__all__ = ["FILE_NAME", "VERSION", "Event", "File", "SqlLedger", "SqliteLedger", "dump", "load"]
