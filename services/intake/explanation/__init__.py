"""Why a dossier is due when it is and judged as it is, step by step from its log."""
