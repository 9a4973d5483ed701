"""What people read, in their language: Vietnamese or English. Programs read keys and points, and nothing of this."""
