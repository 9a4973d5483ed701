"""Why a local stack or its broker does not run, each told with what to do about it."""

from pathlib import Path

from motcua.failure import Failure

REMEDIES = """\
Either install Java 17 or later and Maven (Debian, Ubuntu: sudo apt-get install openjdk-17-jre-headless maven),
or run the stack in containers: docker compose up,
or name a broker that is already running: MOTCUA_KAFKA_BOOTSTRAP=HOST:PORT."""


class BrokerError(Failure):
    """The embedded broker cannot do what was asked."""


class ToolMissing(BrokerError):
    """Java or Maven is not there, or is too old."""

    def __init__(self, fact: str) -> None:
        super().__init__(f"The embedded Apache Kafka cannot run: {fact}.\n{REMEDIES}")


class BrokerDidNotStart(BrokerError):
    """The broker's process ended, or answered nobody in time."""


class StackFailure(Failure):
    """The stack cannot start, or cannot go on."""

    exit_code = 1


class PortInUse(StackFailure):
    """Somebody else listens where a part of the stack should."""

    def __init__(self, part: str, port: int) -> None:
        super().__init__(
            f"port {port}, which {part} needs, is in use: "
            "stop what listens there, or choose other ports with --port-base"
        )


class DataDirInUse(StackFailure):
    """Another stack runs on the same folder; two would write into the same files."""

    def __init__(self, data_dir: Path, holder: str) -> None:
        who = f" (process {holder})" if holder else ""
        super().__init__(
            f"a stack is already running on {data_dir}{who}: stop it, or choose another folder with --data-dir"
        )


class DataDirUnusable(StackFailure):
    """The folder can't be made or written to."""

    def __init__(self, data_dir: Path, error: OSError) -> None:
        super().__init__(
            f"{data_dir} can't hold a stack's data ({error.strerror}): choose a folder you may write to with --data-dir"
        )


class Ended(StackFailure):
    """A part ended in a stack that does not start its parts again."""

    def __init__(self, name: str, how: str, log: Path, tail: str) -> None:
        super().__init__(f"{name} ended ({how}); the stack ends. The end of {log}:\n{tail}")
