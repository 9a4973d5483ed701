"""`python -m motcua.broker`: makes sure the broker can start (Java, jars, the archive of its classes), for make setup."""

import sys

from motcua.broker.archive import ensure_archive
from motcua.broker.errors import BrokerError
from motcua.broker.launch import find_launcher


def main() -> int:
    """Resolve what the embedded broker needs; 1 and a message when it cannot be had."""
    try:
        launcher = find_launcher()
        archived = ensure_archive(launcher)
    except BrokerError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Apache Kafka is in {launcher.jars}{'' if archived else ' (this Java writes no class archive: starts take a second longer)'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
