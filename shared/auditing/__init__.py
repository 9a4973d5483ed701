"""Who did what when: entries, each sealed with the hash of the one before it, and their verification from a file."""
