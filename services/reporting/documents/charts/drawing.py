"""The process that draws: a specification a line comes in, its SVG a line goes out. It ends with the pipe.

It is run as a file of its own and imports nothing of ours: the library takes 100 MB, and keeps every other thread of
its process from running while it draws.
"""

import json
import signal
import sys

import vl_convert

NO_OTHER_HOST: list[str] = []


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, whose end closes the pipe
    for line in sys.stdin.buffer:
        try:
            answer = {"svg": vl_convert.vegalite_to_svg(json.loads(line), allowed_base_urls=NO_OTHER_HOST)}
        except ValueError as wrong:
            answer = {"wrong": str(wrong)}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
