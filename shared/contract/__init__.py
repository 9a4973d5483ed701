"""What travels: the CloudEvents envelope, every event as v1, the status snapshot, alerts, dead letters, topics."""
