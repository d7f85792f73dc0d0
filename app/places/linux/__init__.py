"""How Linux tells of its mounts, devices and drives, and lets go of them."""
