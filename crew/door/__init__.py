"""The one door that every tool call passes through, and what policy is told about a call."""
