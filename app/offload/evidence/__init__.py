"""What is known for certain, row by row, and the accounts that are given of it."""
