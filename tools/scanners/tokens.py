"""Secrets that their form gives away."""

from __future__ import annotations

import re

TOKENS = {
    # Up to its end, where it has one before the next row of dashes; possessive, so that no text takes long.
    "private key": re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:(?:[^-]|-(?!----))*+-----END [A-Z0-9 ]*-----)?"
    ),
    "JSON web token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})"),
    "GitLab token": re.compile(r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\w-]{20,}"),
    "Slack token": re.compile(r"\bxox[abeoprs]-[\w-]{10,}"),
    "Stripe key": re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    "API key": re.compile(r"\bsk-(?:proj-|ant-[a-z0-9]+-|or-v1-|svcacct-)?[A-Za-z0-9_-]{20,}"),
    "Google API key": re.compile(r"\bAIza[\w-]{35}\b"),
    "Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{30,}"),
    "PyPI token": re.compile(r"\bpypi-AgE[\w-]{50,}"),
    "npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "Docker token": re.compile(r"\bdckr_(?:pat|oat)_[\w-]{20,}"),
    "age key": re.compile(r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b"),
    "password in a URL": re.compile(r"(?<=://)[^\s/:@'\"<>{}$]*:(?P<value>[^\s/:@'\"<>{}$]+)(?=@)"),
    "bearer token": re.compile(r"(?i)\bbearer\s+(?P<value>[A-Za-z0-9._~+/-]{20,}=*)"),
}
"""Kind to pattern; where a part of the match is the secret, it is the group `value`."""
