"""The event log, which is the record: its tables and the database they lie in, its rows, and what they say of a
dossier."""
