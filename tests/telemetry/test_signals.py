"""What is declared is whole: every attribute is explained, every metric of a kind that can be told."""

import re

from clawver_orders.telemetry import signals
from tests.docs.generate import REPO
from tests.docs.pages import read


def test_every_attribute_is_explained_and_used() -> None:
    used = {key for signal in (*signals.SPANS, *signals.METRICS) for key in signal.attributes}
    assert used == set(signals.VALUES)
    for signal in (*signals.SPANS, *signals.METRICS):
        assert set(re.findall(r"\{([a-z_.]+)\}", signal.name)) <= set(signal.attributes)
        assert bool(signal.unit) is (signal in signals.METRICS)


def test_the_events_are_those_of_the_vendors_documents() -> None:
    page = read(REPO / "references" / "webhooks.md")
    (table,) = (table for table in page.tables if any("X-Claw-Signature" in row for row in table))
    words = {
        word
        for row in table
        for cell in row.split("|")
        for word in re.findall(r"`((?:order|review|product)[._][a-z_]+)`", cell)
    }
    assert words == signals.EVENT_TYPES
