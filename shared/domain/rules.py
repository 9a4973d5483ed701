"""Which rules made a derived value: ledgers and read models carry this number, so that an upgrade never leaves old values standing."""

RULES_VERSION = 2
"""Raise it whenever the same events give another dossier, another status or another figure: a new derived field, a new column.

What was made by other rules is not read: the processor derives its ledger anew from the events, reporting refuses to publish figures until
its read model is made anew (docs/decisions/0011-nothing-is-skipped.md).
"""
