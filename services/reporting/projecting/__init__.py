"""From the status topic into the read model: batches, versions, sums and offsets in one transaction."""
