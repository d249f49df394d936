"""The knowledge graph: what is connected with what, read off the ledger, never the only place a fact
lives."""
