"""The schema's history; runs by itself when intake starts."""
