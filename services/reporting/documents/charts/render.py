"""Charts as pictures: SVG, drawn by a process of its own.

Drawing takes some 150 ms, the first time 1.5 s, and is waited for: in a thread. Drawn here, it would hold the whole
service up meanwhile.
"""

import atexit
import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path
from threading import Lock, Timer

from services.reporting.documents.charts.chart import SITE, Spec

WITHIN_S = 30.0
DRAWING = Path(__file__).with_name("drawing.py")
_LINK = re.compile(rf'<a xlink:href="{re.escape(SITE)}/')
_NO_LINK = re.compile(r'<a xlink:href="[^"]*/(?:null|undefined)">(.*?)</a>')  # a mark that leads nowhere


class ChartNotDrawn(RuntimeError):
    """The renderer refused the specification, or ended twice over it: a fault of ours."""


class Renderer:
    """The process that draws, started with the first chart; one that ends is started again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def svg(self, spec: Spec) -> str:
        """The drawing as the library makes it. Raises ChartNotDrawn."""
        asked = json.dumps(spec).encode() + b"\n"
        with self._lock:
            answer = self._answer(asked) or self._answer(asked)  # it may have been killed since the last one
        if not answer:
            raise ChartNotDrawn("the renderer ended twice over a chart; its last words are in the service's log")
        drawn = json.loads(answer)
        if "wrong" in drawn:
            raise ChartNotDrawn(drawn["wrong"])
        return str(drawn["svg"])

    def close(self) -> None:
        """End the process; the next chart starts another one."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        process.kill()
        process.wait()

    def _answer(self, asked: bytes) -> bytes:
        """A line of the process; nothing when it ended, or took too long and was ended."""
        if self._process is None:
            command = [sys.executable, "-P", str(DRAWING)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ours
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        too_long = Timer(WITHIN_S, process.kill)
        too_long.start()
        try:
            process.stdin.write(asked)
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        finally:
            too_long.cancel()
        if not answer.endswith(b"\n"):
            self.close()
            return b""
        return answer


_renderer = Renderer()
atexit.register(_renderer.close)


def svg(spec: Spec) -> str:
    """An SVG element for a page. Readers who can't see it have the chart's table, so nothing of it takes the focus."""
    drawn = _NO_LINK.sub(r"\1", _renderer.svg(spec))
    return _LINK.sub('<a tabindex="-1" href="/', drawn).replace("<svg ", '<svg aria-hidden="true" ', 1)
