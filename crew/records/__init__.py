"""The records of a home: its ledger, artifacts, checkpoints and leases, and the events published from the ledger."""
