"""Figures frozen and published, revised with the dossiers that moved, and annotated (docs/decisions/0022)."""
