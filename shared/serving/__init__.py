"""How every service serves HTTP: one kind of application, one server, and bounds on what a connection may take."""

from shared.serving.application import new_application
from shared.serving.server import Server
from shared.serving.streaming import Ndjson

__all__ = ["Ndjson", "Server", "new_application"]
