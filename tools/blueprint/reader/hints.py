"""The message for a sentence that matches no form."""

from __future__ import annotations

import re

_FORMS = (
    (
        r"\bgiven\b|\bthen\b",
        "Given an order with status shipped, when it is cancelled, then it is rejected with 409.",
    ),
    (r"\breject|\brefus|\b4\d\d\b", "Cancelling an order that is shipped is rejected with 409."),
    (r"^\W*only\b|\bonly by\b", "Only an admin can create or delete discount codes."),
    (
        r"\bpercentile\b|\b\d+ ?(ms|seconds?)\b",
        "Listing orders answers within 200 ms at the 95th percentile.",
    ),
    (r"\b(at most|more than|once|twice|times)\b", "A discount code can be applied at most 3 times."),
    (r"\bsum of\b|\bnumber of\b", "An order's total is the sum of its line items' quantity times price."),
    (r"\b(filter|sort)", "Orders can be filtered by customer and status, and sorted by total."),
    (r"\bfrom\b.*\bto\b|\bstarts?\b", "An order goes from draft to paid when it is paid."),
    (r"\b(reduces|increases|sets)\b", 'Cancelling an order sets its reason to "withdrawn".'),
    (r"\brequires?\b|\bneeds?\b", "Paying an order requires a reference (text, 6 to 40 characters)."),
    (r"\bcan be\b|\bmay be\b", "Discount codes can be created, listed, read and deleted."),
    (r"\bbelongs?\b", "A line item belongs to an order."),
    (r"\b(has|have)\b", "An order has a customer (email) and a total (money, at least 0)."),
)


def no_form_message(text: str) -> str:
    """Return a message saying that the sentence requires a model, with an example of the closest form, if any."""
    for cue, form in _FORMS:
        if re.search(cue, text, re.IGNORECASE):
            return f"needs a model: it does not match any sentence form; the closest is '{form}'"
    return "needs a model: it does not match any sentence form"
