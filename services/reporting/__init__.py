"""Reporting: counts dossiers from their status snapshots and answers with figures that add up."""

import gc

# A batch of the projector makes some 150,000 values and lets go of them all: a look for cycles amid it finds none.
gc.set_threshold(300_000, 20, 100)
