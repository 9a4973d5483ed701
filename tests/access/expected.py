"""Who may call which route: written down from the contract (§6) and the roles of docs/access.md, never from the code.

A route that is not here fails the walk, and so does a row whose route is gone. docs/access.md holds the same table.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

COUNTER, OFFICER, COMPILER, OPERATOR, ADMIN = "counter", "officer", "compiler", "operator", "admin"
ROLES = (COUNTER, OFFICER, COMPILER, OPERATOR, ADMIN)

# what the third column says: which roles may
WHO = {
    "everybody": ROLES,
    "post": (COUNTER, OFFICER, ADMIN),
    "applicants": (COUNTER, ADMIN),
    "figures": (OFFICER, COMPILER, OPERATOR, ADMIN),
    "publish": (COMPILER, ADMIN),
    "answer": (OFFICER, ADMIN),
    "operate": (OPERATOR, ADMIN),
    "admin": (ADMIN,),
    "open": (),
}
# what the fourth says of a key that is bound to departments
WITHIN = "within"  # what is asked for lies in another department: 403
OWN = "own"  # it answers with what lies inside
ALL = "all"  # only keys for all departments

INTAKE = """
POST   /v1/dossiers                              post        within
POST   /v1/dossiers/{code}/events                post        within
POST   /v1/events                                post        own      a line outside is rejected alone
GET    /v1/dossiers/{code}                       everybody   within
GET    /v1/dossiers/{code}/forms/{form}          everybody   within
GET    /v1/forms/07                              everybody   within
GET    /v1/dossiers/{code}/applicant             applicants  within
PUT    /v1/dossiers/{code}/applicant             applicants  within
DELETE /v1/applicants/{pseudonym}                admin       all
POST   /v1/applicants/rotate                     admin       all
POST   /v1/applicants/expire                     admin       all
GET    /v1/departments                           everybody   own
GET    /v1/procedures                            everybody   own
GET    /v1/channels                              everybody   own
GET    /v1/calendar                              everybody   own
POST   /v1/calendar/announcements                admin       all
GET    /v1/calendar/announcements                everybody   all
GET    /v1/calendar/announcements/{announcement_id}  everybody   all
GET    /v1/log                                   operate     all
GET    /v1/log/head                              operate     all
GET    /v1/log/consistency                       operate     all
POST   /v1/log/resend                            operate     all
POST   /v1/log/restore                           operate     all
GET    /v1/dead-letters                          operate     all
POST   /v1/dead-letters/done                     operate     all
POST   /v1/dead-letters/send-again               operate     all
GET    /v1/audit                                 admin       all
POST   /v1/look-up                               open        -        applicants have no key but the slip's secret
"""
PROCESSING = """
GET    /v1/ledger                                operate     all
"""
REPORTING = """
GET    /v1/figures                               figures     within
GET    /v1/figures/{token}/dossiers              figures     within
GET    /v1/figures/changes                       figures     within
GET    /v1/figures/definitions                   figures     within
GET    /v1/reports/ii06a                         figures     within
GET    /v1/attention                             everybody   within
GET    /v1/follow-ups                            everybody   within
GET    /v1/follow-ups/{department}/{year}/{number}  everybody   within
GET    /v1/follow-ups/{department}/{year}/{number}/slip  everybody   within
POST   /v1/follow-ups/{department}/{year}/{number}/answer  answer      within
GET    /v1/follow-ups/given-up                   operate     all
POST   /v1/follow-ups/given-up/send-again        operate     all
GET    /v1/events                                figures     within
GET    /v1/dossiers                              operate     all
GET    /v1/dossiers/head                         operate     all
GET    /v1/publications                          figures     within
POST   /v1/publications                          publish     within
GET    /v1/publications/documents                figures     all
POST   /v1/publications/documents                publish     all
GET    /v1/publications/{number}                 figures     within
GET    /v1/publications/{number}/revisions       figures     within
POST   /v1/publications/{number}/revisions       publish     within
GET    /v1/publications/{number}/revisions/{revision}  figures     within
GET    /v1/publications/{number}/notes           figures     within
POST   /v1/publications/{number}/notes           publish     within
GET    /v1/publications/{number}/dossiers        figures     within
GET    /v1/publications/{number}/ii06a           figures     within
POST   /v1/reports/check                         COMPILE     own
POST   /v1/rebuilds                              operate     all
POST   /v1/rebuilds/{number}/events              operate     all
POST   /v1/rebuilds/{number}/settled             operate     all
POST   /v1/rebuilds/{number}/swap                operate     all
DELETE /v1/rebuilds/{number}                     operate     all
GET    /v1/consistency                           operate     all
GET    /v1/audit                                 admin       all
""".replace("COMPILE", "publish")
PAGES_OF_INTAKE = """
GET    /                                         everybody   own
GET    /receive/procedures                       post        own
GET    /receive/deadline                         everybody   own      the catalogue tells it
POST   /receive                                  post        within
GET    /today                                    everybody   own
GET    /today/lists                              everybody   own
GET    /moved                                    everybody   own
GET    /find                                     everybody   own
POST   /find                                     everybody   own
GET    /dossiers/{code}                          everybody   within
GET    /dossiers/{code}/applicant                applicants  within
POST   /dossiers/{code}/events                   post        within
GET    /print/{form}/{code}                      everybody   within
GET    /print/07                                 everybody   within
GET    /look-up                                  open        -        applicants have no key but the slip's secret
POST   /look-up                                  open        -        applicants have no key but the slip's secret
GET    /look-up/static/{name}                    open        -        style and scripts, the same for everybody
"""
PAGES_OF_REPORTING = """
GET    /                                         figures     own
GET    /download                                 figures     within
GET    /dossiers                                 figures     within
GET    /dossiers/{code:path}                     figures     within
GET    /open                                     figures     within
GET    /follow-up                                figures     own
GET    /follow-ups                               figures     own
GET    /follow-ups/{department}/{year}/{number}  figures     within
GET    /follow-ups/{department}/{year}/{number}/slip  figures     within
POST   /follow-ups/{department}/{year}/{number}/answer  answer      within
GET    /late                                     figures     own
GET    /late/file                                figures     own
GET    /definitions                              figures     own
GET    /publications                             figures     own
GET    /publications/{number}                    figures     within
GET    /publications/{number}/since              figures     within
GET    /publications/{number}/dossiers           figures     within
GET    /publications/{number}/download           figures     within
GET    /charts/{name}                            figures     within
"""
OF_PAGES = """
GET    /static/{name}                            open        -        style and scripts, the same for everybody
GET    /session/login                            open        -        it leads to the provider, where people log in
GET    /session/callback                         open        -        whom the provider vouches for comes back here
GET    /session/ended                            open        -        who signed out has no session
POST   /session                                  open        -        who has none gives the key here
POST   /session/end                              open        -        it ends the session it comes with
"""
OF_EVERY_SERVICE = """
GET    /metrics                                  operate     all      open without a folder of keys
GET    /healthz/live                             open        -        its supervisor asks whether it lives
GET    /healthz/ready                            open        -        its supervisor asks whether it lives
GET    /openapi.json                             open        -        the API documents
GET    /docs                                     open        -        the API documents
GET    /static-offline-docs                      open        -        the API documents
"""


@dataclass(frozen=True, slots=True)
class ExpectedRoute:
    """A row of the table."""

    method: str
    path: str
    roles: tuple[str, ...]
    bound: str
    note: str
    is_page: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_open(self) -> bool:
        return not self.roles

    def answers(self, role: str, *, is_bound: bool, elsewhere: bool) -> int | None:
        """401 or 403; None for any other answer. `elsewhere`: to another department than what is asked for is of."""
        if self.is_open:
            return None
        is_inside = self.bound == OWN or (self.bound == WITHIN and not elsewhere)
        return None if role in self.roles and (is_inside or not is_bound) else 403


def _rows(text: str, *, is_page: bool = False) -> Iterator[ExpectedRoute]:
    for line in text.strip().splitlines():
        method, path, who, bound, *note = line.split(maxsplit=4)
        yield ExpectedRoute(method, path, WHO[who], bound, "".join(note), is_page)


EXPECTED = {
    "intake": [
        *_rows(INTAKE),
        *_rows(PAGES_OF_INTAKE, is_page=True),
        *_rows(OF_PAGES, is_page=True),
        *_rows(OF_EVERY_SERVICE),
    ],
    "processing": [*_rows(PROCESSING), *_rows(OF_EVERY_SERVICE)],
    "reporting": [
        *_rows(REPORTING),
        *_rows(PAGES_OF_REPORTING, is_page=True),
        *_rows(OF_PAGES, is_page=True),
        *_rows(OF_EVERY_SERVICE),
    ],
}


def document() -> str:
    """The table of docs/access.md."""
    lines = ["| service | route | who may | a key bound to departments |", "|---|---|---|---|"]
    said = {WITHIN: "within them, else 403", OWN: "gets what lies inside", ALL: "403", "-": ""}
    for service, rows in EXPECTED.items():
        for row in rows:
            who = f"open: {row.note}" if row.is_open else ", ".join(row.roles)
            note = f"; {row.note}" if row.note and not row.is_open else ""
            lines.append(f"| {service} | `{row.method} {row.path}` | {who} | {said[row.bound]}{note} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
