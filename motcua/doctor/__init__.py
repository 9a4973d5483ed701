"""What is wrong with a configuration, before anything is started with it."""
