"""Published figures as documents: canonical bytes, their hash and chain, and verification from the files alone."""
