"""Makes a whole, possible year of dossiers whose figures are exactly those a scenario asks for."""
