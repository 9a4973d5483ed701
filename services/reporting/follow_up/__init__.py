"""Follow-up that reaches people (đôn đốc): slips, their delivery by mail and webhook, answers, the weekly digest."""
