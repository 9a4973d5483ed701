"""Rebuilding the read model: intake's log sent to reporting, part by part, and the swap asked for."""
