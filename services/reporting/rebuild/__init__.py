"""The read model made anew from intake's log, compared with the live one, and swapped in (docs/decisions/0010)."""
