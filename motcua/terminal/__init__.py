"""The commands of a compiler or clerk, one file a family: they parse, call and translate; the work is done elsewhere."""
