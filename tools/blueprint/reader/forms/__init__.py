"""What the sentence forms mean: from a parsed sentence and the names that are known to facts of a blueprint."""
