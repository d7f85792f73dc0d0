"""Contact sheets and single frames as picture files."""
