"""The commands of a compiler or clerk, one file a family: parse, call, translate; the work is done elsewhere."""
