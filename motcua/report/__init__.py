"""Figures as people read them: the statutory form in a terminal, the paragraph of an office, numbers as written in Vietnam."""
