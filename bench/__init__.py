"""Benchmarks: what the whole year costs, stage by stage and end to end. Each asserts the exact report before it prints a time."""
