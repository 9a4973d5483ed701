"""The container's health check: asks the service on this port whether it is ready,
with nothing but the standard library."""  # noqa: INP001 - copied into the image as it is

import sys
from http.client import HTTPConnection, HTTPException

TIMEOUT_SECONDS = 2.5


def readiness(port: int) -> tuple[bool, str]:
    """Whether the service is ready, and what it answered."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz/ready")
        response = connection.getresponse()
        return response.status == 200, f"{response.status} {response.read(500).decode(errors='replace')}"  # noqa: PLR2004 - HTTP's own number
    except (OSError, HTTPException) as error:
        return False, f"no answer on port {port}: {error}"
    finally:
        connection.close()


if __name__ == "__main__":
    ready, answer = readiness(int(sys.argv[1]))
    sys.stdout.write(f"{answer}\n")
    sys.exit(0 if ready else 1)
