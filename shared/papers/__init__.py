"""What every office paper needs, whichever service makes it: the heading, the fonts, and the setting of type."""
