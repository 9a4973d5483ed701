"""Reporting: counts dossiers from their status snapshots and answers with figures that add up."""
