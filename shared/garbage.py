"""Python's collector, told what our processes are like: many long-lived values, hardly a cycle."""

import gc

THRESHOLDS = (100_000, 20, 100)


def collect_seldom() -> None:
    """Let the collector look seldom: with its default of 700 it walks every dossier in memory again and again (18 % of intake's time)."""
    gc.set_threshold(*THRESHOLDS)
