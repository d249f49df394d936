"""Limits and regular expressions for the JSON values of each field type.

Shared by the contract, which states them, and the service, which checks them. Every expression means the same in
ECMAScript and Python's `re.search`, except that Python needs `\\Z` for the final `$`.
"""

from __future__ import annotations

from decimal import Decimal

INTEGER_MINIMUM = -(2**63)
INTEGER_MAXIMUM = 2**63 - 1
MONEY_LIMIT = Decimal("9999999999999.99")
"""Largest absolute amount: 15 digits, which every JSON parser preserves exactly."""
TEXT_LENGTH = 10_000
"""Maximum number of characters of a text or URL whose field does not specify one."""
EMAIL_LENGTH = 254
BODY_BYTES = 1_000_000

NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"[^\s\x00\x1c-\x1f\x85]"
"""Pattern that must occur in a required text: a character that is not whitespace according to `str.isspace`."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PATH = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"
_QUERY = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*"

EMAIL = (
    rf"^(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?$"
)
"""An email address: a dot-atom, an at sign and a domain of two or more labels."""
URL = rf"^[Hh][Tt][Tt][Pp][Ss]?://{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?(?:/{_PATH})?(?:\?{_QUERY})?(?:#{_QUERY})?$"
"""An absolute http or https URL that uses only the characters of RFC 3986 and contains no credentials."""
DOTTED = r"@[^@]+\.[^@.]+$"
"""The end of an email address, with a dot in the domain, which JSON Schema's `email` format does not require."""
WEB = r"^[Hh][Tt][Tt][Pp][Ss]?://"
"""The start of an http or https URL."""
CALENDAR = r"^(?!0000|0001-01-01|9999-12-31)"
"""Pattern that rejects dates that conversion to UTC could move out of the supported calendar."""
UUID = r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
DATE = r"^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""Syntax of a date; whether the day exists is checked separately."""
TIMESTAMP = (
    r"^(?!0000|0001-01-01|9999-12-31)[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""Syntax of a timestamp of RFC 3339, possibly in a leap second; whether it exists is checked separately."""
