"""Reporting over HTTP: one module for each group of routes, which parse, call and translate."""
