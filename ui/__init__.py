"""The window: Qt and nothing else; it asks the engine and shows what it answers."""
