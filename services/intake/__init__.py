"""Intake: takes events over HTTP, decides them, keeps them in the log, relays them to Kafka."""
