"""Each dossier's row says how it stands, whichever events it went through and however many of them a commit took."""

from random import Random

from pydantic import SecretStr
from sqlalchemy import select

from services.intake.log import standings
from services.intake.log.database import open_database
from services.intake.log.tables import DOSSIERS
from services.intake.settings import IntakeSettings
from shared.domain.dossier import Dossier
from shared.domain.transitions import apply
from tests.builders.histories import history
from tests.intake.sending import KEY

SEEDS = range(500)
MOST_EVENTS_A_COMMIT = 3


async def test_a_row_that_is_kept_up_is_the_row_that_is_made_of_its_dossier(database_url: str) -> None:
    rng = Random(4)
    waiting = {f"H59.15-230103-{seed:04d}": list(history(Random(seed))[1]) for seed in SEEDS}
    known: dict[str, Dossier] = {}
    database = open_database(IntakeSettings(api_key=SecretStr(KEY), database_url=database_url))
    try:
        while any(waiting.values()):
            changed: dict[str, Dossier] = {}
            for code, events in waiting.items():
                for event in events[: rng.randint(0, MOST_EVENTS_A_COMMIT)]:
                    changed[code] = apply(changed.get(code) or known.get(code), code, *event)
                    events.remove(event)
            async with database.writer.begin() as connection:
                await standings.put(connection, changed.values(), known)
            known |= changed
            async with database.reader.connect() as connection:
                rows = (await connection.execute(select(DOSSIERS))).all()
            assert {tuple(row) for row in rows} == {standings.row_of(dossier) for dossier in known.values()}
    finally:
        await database.close()
