"""Everything a home keeps: ledger, artifacts, checkpoints, leases, and the events published from them."""
