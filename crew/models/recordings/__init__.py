"""Record model calls, and replay them without a model."""
