"""Where other programs find the embedded broker, wherever it stands inside: `prepare(NodeConfig(...))`
and `start(...)` stay."""

from motcua.stack.broker import Node, NodeConfig, prepare, start

__all__ = ["Node", "NodeConfig", "prepare", "start"]
