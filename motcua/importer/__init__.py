"""Posting a file of events to intake in bulk: streamed, a dossier on one connection, exact under retries."""
