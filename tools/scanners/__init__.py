"""What looks at code, changes and packages, and says what it saw; judging is left to the policies."""

from __future__ import annotations

from tools.scanners.leaks import Secret, secrets
from tools.scanners.migrations import destructive
from tools.scanners.packages import dependencies
from tools.scanners.security import Finding, ScanReport, security

__all__ = [
    "Finding",
    "ScanReport",
    "Secret",
    "dependencies",
    "destructive",
    "secrets",
    "security",
]
