"""Interpreting the sentence forms: parsed sentences and known names become facts of a blueprint."""
