"""An office's own words as events: which column holds what, how dates and codes are written there, what can't be carried."""
