"""The refund engine: a pure state machine (machine) and the rules of what may be refunded (rules)."""
