"""The read model: what every dossier adds to the figures, and the sums of it; it can be derived anew at any time."""
