"""Days off announced late: what is known, which open dossiers a new day moves, and the moving."""
