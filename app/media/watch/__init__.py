"""Watch folders: what lands in them is looked at and made into what was ordered, once."""
