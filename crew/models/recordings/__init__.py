"""Recording model calls and replaying them."""
