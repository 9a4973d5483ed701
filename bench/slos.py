"""The rules of the error budgets as sloth makes them: `make slos` fetches sloth and writes them.

The digest of what they were made from stands in them, so that a test sees without sloth that they are out of date.
"""

import subprocess
from hashlib import sha256
from pathlib import Path

PROMISES = Path("deploy/prometheus/slos.yml")
RULES = Path("deploy/prometheus/rules/slos.yml")


def digest() -> str:
    """Of the promises as they stand."""
    return sha256(PROMISES.read_bytes()).hexdigest()


def rules() -> str:
    """What sloth makes of them; it must be on the path."""
    command = ["sloth", "generate", "--input", str(PROMISES)]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - all ours
    return f"# Made by `make slos` of slos.yml, sha256 {digest()}; change that one.\n{made}\n"


def main() -> None:
    RULES.write_text(rules(), encoding="utf-8")


if __name__ == "__main__":
    main()
