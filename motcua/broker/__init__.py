"""The embedded broker: Apache Kafka itself, one KRaft node, from jars that Maven resolves."""

from motcua.broker.config import NodeConfig
from motcua.broker.errors import BrokerDidNotStart, BrokerError, ToolMissing
from motcua.broker.jars import resolve_jars
from motcua.broker.node import Node, prepare, start

__all__ = ["BrokerDidNotStart", "BrokerError", "Node", "NodeConfig", "ToolMissing", "prepare", "resolve_jars", "start"]
