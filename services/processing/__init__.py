"""The Faust processor: follows every dossier through its events and publishes how it stands."""
