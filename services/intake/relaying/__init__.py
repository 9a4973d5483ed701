"""The log on its way to Kafka, and the topic held against it."""
