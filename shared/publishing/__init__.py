"""Published figures as documents: canonical bytes, their hash and chain, and verification with nothing but the files."""
