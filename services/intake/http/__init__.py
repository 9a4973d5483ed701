"""The calls: what they take, what they answer, and what they refuse."""
