"""On which databases a test runs, where that is not both."""

import pytest

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is the same on any database, such as what is refused before one is asked."""
