"""The papers that a counter hands out and keeps: forms 01-07 of Circular 03/2025, made of what the log holds."""
