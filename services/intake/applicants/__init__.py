"""Who applied: details kept encrypted, apart from everything else, until they are erased."""
