"""Separate small windows: settings, log, status mode and the like. None covers a running copy."""
