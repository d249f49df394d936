"""Recording of model calls, and their replay without a model."""
