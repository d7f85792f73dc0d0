"""Jobs: what was asked (spec), how it goes (snapshot, control), what is certain (journal)."""
