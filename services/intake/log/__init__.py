"""The event log, which is the record: its database and tables, its rows, and the histories of dossiers."""
