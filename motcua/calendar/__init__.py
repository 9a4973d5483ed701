"""Announcements of days off as a person handles them: a file, a call, and what it moved."""
