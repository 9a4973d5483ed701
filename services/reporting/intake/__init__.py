"""What reporting has of intake: its answers over HTTP, and its topic of announcements."""
