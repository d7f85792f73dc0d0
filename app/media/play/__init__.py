"""A clip as a player has it: where it stands, what is seen, heard and marked."""
