"""An event on its way into the log: read, checked, decided, committed."""
