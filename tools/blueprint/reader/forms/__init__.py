"""Interpretation of the sentence forms, which turns parsed sentences into facts of a blueprint."""
