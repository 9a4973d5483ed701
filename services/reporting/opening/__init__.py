"""Opening a number into its dossiers: tokens, lists, and what moved between two states or two definitions."""
