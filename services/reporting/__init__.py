"""Reporting: counts dossiers from their status snapshots and answers with figures that add up."""

import gc

# A batch of the projector makes some 150,000 values and lets go of them all: looking for cycles in its middle is vain.
gc.set_threshold(300_000, 20, 100)
