"""The small parts that panes are built of."""
