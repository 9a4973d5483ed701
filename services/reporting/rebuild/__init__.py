"""The read model made anew from intake's log beside the live one, compared with it, and swapped in (docs/decisions/0010)."""
