"""How agents coordinate: events."""
