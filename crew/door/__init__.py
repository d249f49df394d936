"""The single entry point for tool calls, and the facts by which policy judges them."""
