"""The read model: what every dossier adds to the figures and the sums of it, in a database that can be derived anew at any time."""
