"""The command line and the local stack runner: the only place that may know every service."""
