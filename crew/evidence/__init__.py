"""What the ledger proves about a delivery: its design, its tests, its criteria."""
