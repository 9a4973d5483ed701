"""The daily follow-up: which open dossiers need somebody today, by working time and the announced days."""
