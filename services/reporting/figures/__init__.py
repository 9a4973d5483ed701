"""From a question to its figures: the question, the range sums that answer it, their grouping into rows, and the report."""
