"""The files of a form that an office hands in, prints and signs, and the table of all its formats."""
