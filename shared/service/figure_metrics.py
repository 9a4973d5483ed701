"""The figures as metrics, and what is sent about them: part of the catalogue (metric_catalogue.py)."""

from shared.service.metric_kinds import Labels, Replicas
from shared.service.metric_kinds import counter as _counter
from shared.service.metric_kinds import gauge as _gauge
from shared.service.metric_labels import FROM_DATA, REPORTING

DEPARTMENT: Labels = {"department": FROM_DATA}

_RECEIVED: Labels = {"department": FROM_DATA, "channel": FROM_DATA, "carried_over": ("true", "false")}
BY_TIMELINESS: Labels = {"department": FROM_DATA, "timeliness": FROM_DATA}
DOSSIERS_RECEIVED = _gauge(
    "motcua_dossiers_received",
    (REPORTING,),
    "Dossiers to handle in the year to date; carried_over true: they were open when the year began.",
    _RECEIVED,
)
DOSSIERS_RESOLVED = _gauge(
    "motcua_dossiers_resolved",
    (REPORTING,),
    "Dossiers closed in the year to date: early, on_time, overdue, no_deadline.",
    BY_TIMELINESS,
)
MONTH_DOSSIERS_RECEIVED = _gauge(
    "motcua_month_dossiers_received", (REPORTING,), "Dossiers to handle in the month to date.", _RECEIVED
)
MONTH_DOSSIERS_RESOLVED = _gauge(
    "motcua_month_dossiers_resolved", (REPORTING,), "Dossiers closed in the month to date.", BY_TIMELINESS
)
LAST_YEAR_DOSSIERS_RECEIVED = _gauge(
    "motcua_last_year_dossiers_received", (REPORTING,), "As motcua_dossiers_received, a year earlier.", _RECEIVED
)
LAST_YEAR_DOSSIERS_RESOLVED = _gauge(
    "motcua_last_year_dossiers_resolved", (REPORTING,), "As motcua_dossiers_resolved, a year earlier.", BY_TIMELINESS
)
DOSSIERS_IN_PROGRESS = _gauge(
    "motcua_dossiers_in_progress",
    (REPORTING,),
    "Open dossiers at the end of the year to date: within, due_soon (today or tomorrow), overdue, suspended; each in "
    "one class only.",
    BY_TIMELINESS,
)
DOSSIERS_AWAITING_ACCEPTANCE = _gauge(
    "motcua_dossiers_awaiting_acceptance",
    (REPORTING,),
    "Online applications neither received nor declined; late true: after their working hours.",
    {"department": FROM_DATA, "late": ("true", "false")},
)
DOSSIERS_DUE_UNASSIGNED = _gauge(
    "motcua_dossiers_due_unassigned",
    (REPORTING,),
    "Open dossiers that are due within a working day, or overdue, and have no officer.",
    DEPARTMENT,
)
DOSSIERS_ONLINE_RATIO = _gauge(
    "motcua_dossiers_online_ratio",
    (REPORTING,),
    "Received online, of all to handle in the year to date; department all is the whole; absent where there are none.",
    DEPARTMENT,
)
FORM_II06A = _gauge(
    "motcua_form_ii06a",
    (REPORTING,),
    "The total row of the statutory form for the year to date, by the key of each column.",
    {"column": FROM_DATA},
)
DEPARTMENT_INFO = _gauge(
    "motcua_department_info",
    (REPORTING,),
    "1; what the catalogue calls a department, with its province where two have one name.",
    {"department": FROM_DATA, "name": FROM_DATA},
)
READ_MODEL_CURRENT = _gauge(
    "motcua_read_model_current",
    (REPORTING,),
    "1 when the read model was made by the rules of this version; 0 while figures wait for a rebuild, and then none of "
    "them is there.",
    replicas=Replicas.MIN,
)
FIGURES_COMPUTED = _gauge(
    "motcua_figures_computed_timestamp_seconds", (REPORTING,), "When the figures shown here were computed."
)

# What is sent about them

WAYS = ("mail", "webhook")
_BY_WAY: Labels = {"way": WAYS}
FOLLOW_UP_SENT = _counter(
    "motcua_follow_up_sent", (REPORTING,), "Mails and webhooks of follow-ups that the other end took.", way=WAYS
)
FOLLOW_UP_FAILURES = _counter(
    "motcua_follow_up_failures",
    (REPORTING,),
    "Tries of such mails and webhooks that the other end did not take, or not for every address.",
    way=WAYS,
)
FOLLOW_UP_WAITING = _gauge(
    "motcua_follow_up_waiting", (REPORTING,), "Mails and webhooks that wait to be sent, or sent again.", _BY_WAY
)
FOLLOW_UP_OLDEST = _gauge(
    "motcua_follow_up_oldest_waiting_seconds",
    (REPORTING,),
    "Age of the oldest mail or webhook that waits; 0 when none does.",
    _BY_WAY,
)
FOLLOW_UP_GIVEN_UP = _gauge(
    "motcua_follow_up_given_up",
    (REPORTING,),
    "Mails and webhooks that are not tried again, and that nobody took, or not every address of the mail.",
    _BY_WAY,
)
FOLLOW_UP_UNITS_FAILING = _gauge(
    "motcua_follow_up_units_failing",
    (REPORTING,),
    "Units whose slips or weekly mail can't be made, by an error that reporting's log has.",
)
