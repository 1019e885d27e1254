"""A seeded simulator of desks, shop, network, clock and people around the real refund engine; no I/O, no real time.

The desks are the product's own ``Moves`` and ``Refunding``: their coroutines are driven by hand, one step at each
``await``, so that any other actor, a crash or the passing of a day can come between any two steps.
"""
