"""The knowledge graph of how services, stories, code and tests are connected.

It is derived from the ledger and can be rebuilt."""
