"""The pure core: lifecycle, deadlines, timeliness and counting as functions over frozen values; no I/O, no clock."""
