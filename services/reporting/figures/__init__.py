"""From a question to its figures: the query, the range sums that answer it, their grouping, and the report."""
