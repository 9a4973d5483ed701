"""Benchmarks: the whole year, stage by stage and end to end; figures at any size.
Each asserts exact figures before it prints a time."""
