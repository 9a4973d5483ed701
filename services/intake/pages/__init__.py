"""The counter's pages: dossiers received, found and carried on, and the day's lists."""
