"""The meaning of the sentence forms: from a parsed sentence and the known names to facts of a blueprint."""
