"""Frame N of a clip and no other: bytes, index, decoder, pictures."""
