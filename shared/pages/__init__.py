"""What the pages of every service share: one look, one content policy, one way to sign in, failures in words."""
