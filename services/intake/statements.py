"""SQL that every commit runs, made once: making a statement costs more than running it."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Column, Select, Table, Text, any_, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contract.codec import encode


class Lookup:
    """Rows whose `key` is one of some texts, given as one parameter whatever their number: the statement stays prepared."""

    def __init__(self, found: Select[Any], key: Column[Any]) -> None:
        listed = select(func.json_each(bindparam("wanted")).table_valued("value").c.value)
        self._statements: dict[str, Select[Any]] = {
            "postgresql": found.where(key == any_(bindparam("wanted", type_=ARRAY(Text)))),
            "sqlite": found.where(key.in_(listed)),
        }

    async def rows(self, connection: AsyncConnection, wanted: Iterable[str]) -> Sequence[Any]:
        """The rows that are there, in any order."""
        keys = list(wanted)
        if not keys:
            return ()
        dialect = connection.dialect.name
        value = keys if dialect == "postgresql" else encode(keys).decode()
        rows: Sequence[Any] = (await connection.execute(self._statements[dialect], {"wanted": value})).all()
        return rows


class Append:
    """Insert whole rows, as tuples in the order of the columns, handed to the driver as they are."""

    def __init__(self, table: Table) -> None:
        self._statement = insert(table)
        self._texts: dict[str, str] = {}

    async def write(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write the rows."""
        dialect = connection.dialect
        if dialect.name not in self._texts:
            self._texts[dialect.name] = str(self._statement.compile(dialect=dialect))
        await connection.exec_driver_sql(self._texts[dialect.name], list(rows))


class Upsert:
    """Insert rows, or set `values` where the primary key is there already."""

    def __init__(self, table: Table, *values: str) -> None:
        key = list(table.primary_key.columns)
        on_postgresql, on_sqlite = postgresql.insert(table), sqlite.insert(table)
        self._statements: dict[str, Any] = {
            "postgresql": on_postgresql.on_conflict_do_update(
                index_elements=key, set_={name: on_postgresql.excluded[name] for name in values}
            ),
            "sqlite": on_sqlite.on_conflict_do_update(index_elements=key, set_={name: on_sqlite.excluded[name] for name in values}),
        }

    async def write(self, connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
        """Write the rows."""
        await connection.execute(self._statements[connection.dialect.name], rows)
