"""Reports for people: one frozen model, rendered as HTML, PDF and CSV."""
