"""What an offload would do, and what stands against it, before a byte is written."""
