"""Recounting everything from the event log, with straightforward code, and comparing it with what the services hold."""
