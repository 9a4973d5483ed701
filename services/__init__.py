"""The three services; none imports another."""

import gc

# Many long-lived values, hardly a cycle: with its default of 700 the collector walks every dossier in memory again and
# again (18 % of intake's time). It is set here, before anything else is imported: that too is a sixth of each start.
gc.set_threshold(100_000, 20, 100)
