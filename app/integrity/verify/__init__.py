"""Reads copies again from their medium and holds them against their history."""
