"""What a service says of its database."""

from sqlalchemy.engine import make_url

from shared.service.sql import answers, open_engine


async def test_a_database_that_is_not_there_does_not_answer(postgres_url: str) -> None:
    there, gone = make_url(postgres_url), make_url(postgres_url).set(database="dropped_by_somebody")
    for url, does in ((there, True), (gone, False)):
        engine = open_engine(url.render_as_string(hide_password=False), pragmas={}, settings={})
        try:
            assert await answers(engine) is does
        finally:
            await engine.dispose()
