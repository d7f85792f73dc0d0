"""`pfndispatchcopy`: one file to several destinations, without a journal."""
