from datetime import timedelta

import pytest

from timespan import format_span, parse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("1h30m", 5400), ("2d", 172800), ("1w 1d", 691200), (" 5m ", 300), ("30m1h", 5400)],
)
def test_parse(text, seconds):
    assert parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "   ", "1", "h", "1x", "-1h", "1h!"])
def test_parse_refuses(text):
    with pytest.raises(ValueError):
        parse(text)


@pytest.mark.parametrize(("seconds", "text"), [(90, "1m30s"), (5400, "1h30m"), (59, "59s")])
def test_format(seconds, text):
    assert format_span(timedelta(seconds=seconds)) == text
