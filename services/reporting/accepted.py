"""Which query parameters a route takes: a filter that is misspelt and ignored would give figures of something else."""

FIGURES_ONCE = ("from", "to", "period", "as_of", "definition", "as_known_at", "tokens")
FIGURES_REPEATED = ("by", "department", "channel", "procedure", "field", "level")
FORM_ONCE = ("from", "to", "period", "as_of", "definition", "as_known_at", "by", "format")
LIST_ONCE = ("limit", "cursor")
CHANGES_ONCE = ("from", "to", "period", "as_of", "definition", "as_known_at", "until_known_at", *LIST_ONCE)
DEFINITIONS_ONCE = ("from", "to", "period", "as_of", "as_known_at", *LIST_ONCE)
FILTERS_REPEATED = ("department", "channel", "procedure", "field", "level")
