"""Scanners of code, changes and packages. They only report what they find; the policies judge it."""

from __future__ import annotations

from tools.scanners.leaks import Secret, secrets, text_of
from tools.scanners.migrations import destructive, is_migration
from tools.scanners.packages import dependencies
from tools.scanners.security import Finding, ScanReport, security

__all__ = [
    "Finding",
    "ScanReport",
    "Secret",
    "dependencies",
    "destructive",
    "is_migration",
    "secrets",
    "security",
    "text_of",
]
