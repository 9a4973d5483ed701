"""Charts as pictures, SVG for pages and PNG for documents.

Drawing takes some 150 ms, the first time of a process 1.5 s: in a thread.
"""

import re

import vl_convert

from services.reporting.charts.chart import SITE, Spec

PIXELS_PER_INCH = 200
_LINK = re.compile(rf'<a xlink:href="{re.escape(SITE)}/')
_NO_LINK = re.compile(r'<a xlink:href="[^"]*/(?:null|undefined)">(.*?)</a>')  # a mark that leads nowhere
_NO_OTHER_HOST: list[str] = []


def svg(spec: Spec) -> str:
    """An SVG element for a page. Readers who can't see it have the chart's table, so nothing of it takes the focus."""
    drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=_NO_OTHER_HOST)
    drawn = _NO_LINK.sub(r"\1", drawn)
    return _LINK.sub('<a tabindex="-1" href="/', drawn).replace("<svg ", '<svg aria-hidden="true" ', 1)


def png(spec: Spec) -> bytes:
    """A PNG picture, fine enough for print."""
    return vl_convert.vegalite_to_png(spec, scale=1, ppi=PIXELS_PER_INCH, allowed_base_urls=_NO_OTHER_HOST)
