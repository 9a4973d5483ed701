"""Metrics of commands that a timer runs, as a file for node-exporter's textfile collector."""

from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile


class MetricsFile:
    """Gauges of one run. The file is replaced whole; without a path nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.registry = CollectorRegistry()

    def write(self) -> None:
        """Put what was set into the file."""
        if self._path is not None:
            write_to_textfile(str(self._path), self.registry)
            self._path.chmod(0o644)  # the collector runs as another user
