"""What the ledger proves about a delivery: its design, its test results and the state of its criteria."""
