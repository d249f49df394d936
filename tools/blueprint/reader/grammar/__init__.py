"""What a sentence says before anyone knows what its names mean: the grammar, and its rules as values."""
