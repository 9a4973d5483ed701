"""What the real counter's log amounts to, as the data's own page states it; its dossiers are of 2010 to 2012."""

STATED = {
    "received_total": 1434,
    "received_online": 1271,
    "received_in_person": 110,
    "received_postal": 53,
    "carried_over": 0,
    "resolved_total": 1329,
    "resolved_early": 937,
    "resolved_on_time": 70,
    "resolved_overdue": 322,
    "in_progress_total": 105,
    "in_progress_within": 1,
    "in_progress_overdue": 104,
}
