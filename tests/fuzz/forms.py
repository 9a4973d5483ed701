"""Pages and their forms, asked with fields that no page of ours sends."""

from random import Random
from urllib.parse import urlencode

import httpx

from tests.fuzz.lines import NASTY
from tests.fuzz.requests import FAULTS, PASSES
from tests.fuzz.tally import Tally
from tests.support.service import KEY

OF_INTAKE = {
    "GET": ("/", "/receive/procedures", "/receive/deadline", "/today", "/today/lists", "/moved", "/find",
            "/dossiers/{}", "/print/07", "/print/01/{}", "/dossiers/{}/applicant"),
    "POST": ("/receive", "/dossiers/{}/events", "/find", "/session", "/v1/look-up"),
}  # fmt: skip
OF_REPORTING = {
    "GET": ("/", "/download", "/dossiers", "/dossiers/{}", "/open", "/follow-up", "/late", "/definitions",
            "/publications", "/charts/{}"),
    "POST": ("/session",),
}  # fmt: skip
FIELDS = ("department", "procedure", "channel", "received_by", "code", "key", "to", "kind", "name", "at", "due_at",
          "from", "period", "by", "definition", "as_known_at", "cursor", "within", "lang", "q", "n", "form", "reason",
          "token", "secret", "against", "format")  # fmt: skip
PLAUSIBLE = ("H59.15", "2.000635", "in_person", "2023", "2023-Q1", "H59.15-261125-0001", "received", "vi",
             "2023-12-08", "1")  # fmt: skip


def forms(name: str, url: str, pages: dict[str, tuple[str, ...]], attempts: int, number: int) -> Tally:
    """So many requests of pages and forms, by a reader who is signed in."""
    tally, random = Tally(f"{name}: pages and forms"), Random(number)
    own = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=url, timeout=60, headers=own) as client:
        client.post("/session", data={"key": KEY, "to": "/"})
        for _ in range(attempts):
            method = random.choice(["GET", "GET", "POST"])
            path = random.choice(pages[method]).format(random.choice(PLAUSIBLE))
            given = urlencode([(random.choice(FIELDS), _value(random)) for _ in range(random.randint(0, 6))])
            address = path if method == "POST" else f"{path}?{given[:6000]}"
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = client.request(method, address, content=given if method == "POST" else None, headers=form)
            tally.tried += 1
            if answer.status_code in FAULTS and answer.status_code != PASSES:
                tally.faults.append(f"{method} {address[:300]}: {answer.status_code}, form {given[:300]}")
            if path == "/session":  # the session may have ended
                client.post("/session", data={"key": KEY, "to": "/"})
    return tally


def _value(random: Random) -> bytes:
    letters = "".join(map(chr, random.choices(range(1, 600), k=9)))
    chosen = random.choice([random.choice(PLAUSIBLE), str(random.choice(NASTY)), letters])
    return chosen.encode("utf-8", "surrogatepass")
