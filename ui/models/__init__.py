"""What tables and lists show; models show, they do not ask."""
