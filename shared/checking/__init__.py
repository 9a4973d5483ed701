"""Checks a report that was made by hand: reads its table, finds what cannot be true, and says so in words."""
