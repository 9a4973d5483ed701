"""The one way to be a service: its settings and process, HTTP, the broker, the database,
and what it does when one of them fails."""
