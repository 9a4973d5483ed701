"""Charts of figures: pure functions from a form, a report or counts to a chart, and its picture as SVG or PNG."""
