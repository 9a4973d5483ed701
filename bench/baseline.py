"""The same report as one DuckDB query over the same file:
what a report costs when nothing has to be live, durable or opened."""

import time
from dataclasses import dataclass

import duckdb

from bench.year import Year, assert_exact

# All instants of the generated year are written with +07:00, so their first 19 characters are local time.
QUERY = """
WITH events AS (
    SELECT subject, split_part(type, '.', 4) AS kind, CAST(substr(time, 1, 19) AS TIMESTAMP) AS happened, place,
           data.channel AS channel, data.term.unit AS unit, CAST(substr(data.due_at, 1, 19) AS TIMESTAMP) AS due
    FROM (SELECT *, row_number() OVER () AS place FROM read_json(?, format = 'newline_delimited', columns = {
        subject: 'VARCHAR', type: 'VARCHAR', time: 'VARCHAR',
        data: 'STRUCT(channel VARCHAR, due_at VARCHAR, term STRUCT(unit VARCHAR))'}))
), dossiers AS (
    SELECT subject,
           CAST(min(happened) FILTER (kind = 'received') AS DATE) AS received,
           any_value(channel) FILTER (kind = 'received') AS channel,
           any_value(unit) FILTER (kind = 'received') AS unit,
           max_by(due, place) FILTER (due IS NOT NULL AND kind <> 'forwarded') AS due,
           coalesce(min(happened) FILTER (kind = 'resolved'), min(happened) FILTER (kind = 'returned'),
                    min(happened) FILTER (kind IN ('withdrawn', 'stopped'))) AS closed
    FROM events GROUP BY subject
), judged AS (
    SELECT channel, received < $1 AS before, CAST(closed AS DATE) AS closed, CAST(due AS DATE) AS due,
           coalesce(CAST(closed AS DATE) < $1, false) AS closed_before,
           CASE WHEN unit = 'working_hours'
                THEN CASE WHEN closed > due THEN 'overdue'
                          WHEN closed >= date_trunc('hour', due) THEN 'on_time' ELSE 'early' END
                ELSE CASE WHEN CAST(closed AS DATE) > CAST(due AS DATE) THEN 'overdue'
                          WHEN CAST(closed AS DATE) = CAST(due AS DATE) THEN 'on_time' ELSE 'early' END
           END AS class
    FROM dossiers WHERE received <= $2
)
SELECT count(*) FILTER (before AND NOT closed_before) AS carried_over,
       count(*) FILTER (NOT before AND channel = 'online') AS received_online,
       count(*) FILTER (NOT before AND channel = 'in_person') AS received_in_person,
       count(*) FILTER (NOT before AND channel = 'postal') AS received_postal,
       count(*) FILTER (NOT closed_before AND closed <= $2 AND class = 'early') AS resolved_early,
       count(*) FILTER (NOT closed_before AND closed <= $2 AND class = 'on_time') AS resolved_on_time,
       count(*) FILTER (NOT closed_before AND closed <= $2 AND class = 'overdue') AS resolved_overdue,
       count(*) FILTER (closed IS NULL OR closed > $2) AS in_progress_total,
       count(*) FILTER ((closed IS NULL OR closed > $2) AND due < $2) AS in_progress_overdue
FROM judged
"""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Seconds of the query."""

    seconds: float


def measure(year: Year) -> Baseline:
    """Run the query once, cold, and compare its report with the scenario's."""
    query = QUERY.replace("?", "'" + str(year.events).replace("'", "''") + "'")
    with duckdb.connect() as database:
        began = time.monotonic()
        answer = database.execute(query, [year.scenario.first_day, year.scenario.last_day])
        names = [column[0] for column in answer.description]
        row = answer.fetchone()
        seconds = time.monotonic() - began
    assert row is not None
    assert_exact(_totals(dict(zip(names, row, strict=True))), year)
    return Baseline(seconds)


def _totals(row: dict[str, int]) -> dict[str, int]:
    offline = row["received_in_person"] + row["received_postal"]
    resolved = row["resolved_early"] + row["resolved_on_time"] + row["resolved_overdue"]
    return row | {
        "received_in_person_or_postal": offline,
        "received_total": row["carried_over"] + row["received_online"] + offline,
        "resolved_total": resolved,
        "resolved_no_deadline": 0,
        "in_progress_within": row["in_progress_total"] - row["in_progress_overdue"],
    }
