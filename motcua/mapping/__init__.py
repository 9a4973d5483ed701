"""An office's own words as events: which column holds what, how dates and codes are written, what can't be carried."""
