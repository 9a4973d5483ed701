"""What can go wrong with the embedded broker, told with its remedies."""

from motcua.failure import Failure

REMEDIES = """\
Either install Java 17 or later and Maven (Debian, Ubuntu: sudo apt-get install openjdk-17-jre-headless maven),
or run the stack in containers: docker compose up,
or name a broker that is already running: MOTCUA_KAFKA_BOOTSTRAP=HOST:PORT."""


class BrokerError(Failure):
    """The embedded broker cannot do what was asked; the message says what to do."""


class ToolMissing(BrokerError):
    """Java or Maven is not there, or is too old."""

    def __init__(self, fact: str) -> None:
        super().__init__(f"The embedded Apache Kafka cannot run: {fact}.\n{REMEDIES}")


class BrokerDidNotStart(BrokerError):
    """The broker's process ended, or answered nobody in time."""
