"""What a criterion names literally: endpoints, HTTP statuses, quoted names and values, and limits."""

from __future__ import annotations

import re
from http import HTTPStatus

from pydantic import BaseModel

_METHOD = r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)"
_METHODS = rf"{_METHOD}(?:(?:\s*[,/&]\s*|\s+(?:and|or)\s+){_METHOD}){{0,6}}"
_QUOTE = r"[\"'`\u201c\u201d\u2018\u2019]?"
_PATH = r"/(?:[\w{<:\[~%*][^\s\"'`\u201c\u201d\u2018\u2019,;|]*)?"
_ENDPOINT = re.compile(
    rf"(?<![\w/])(?P<methods>{_METHODS}){_QUOTE}(?:\s+requests?|\s+calls?)?(?:\s+(?:to|on|at|of|against|for|from))?"
    rf"(?:\s+the)?(?:\s+(?:path|endpoint|route|url))?\s+{_QUOTE}(?:https?://[^\s/]+)?(?P<path>{_PATH})"
)
_BARE = re.compile(r"(?<![\w/.:~<>)\]}*^$\\-])/[A-Za-z{<:][^\s\"'`\u201c\u201d\u2018\u2019,;|]*")
_LONE_METHOD = re.compile(
    rf"(?<![\w/])`?({_METHOD})`?(?=\s+(?:requests?|calls?|method)\b)|`({_METHOD})`|\bHTTP ({_METHOD})\b"
)
_REGEX = re.compile(r"\bmatching\s+/(?:\\.|[^/\\])+/")
_URL = re.compile(r"https?://\S+")
_QUOTED = re.compile(
    r"\"([^\"]+)\"|\u201c([^\u201d]+)\u201d|`([^`]+)`|\u2018([^\u2019]+)\u2019|(?<![\w'])'([^']+)'(?!\w)"
)

_CODE = r"(?:[1-5][0-9]{2}|[1-5](?:xx|XX))"
_CODES = re.compile(
    rf"(?<![\w.,:$€£#/+-])[`\"']?(?P<first>{_CODE})[`\"']?"
    rf"(?P<more>(?:(?:\s*[,/]\s*(?:or\s+|and\s+)?|\s+(?:or|and)\s+){_CODE})*)(?![\w%]|[.,:]\w|-\w)"
)
_BEFORE = re.compile(
    r"(?:\b(?:status|code|http|https?/[0-9.]+)(?:\s+codes?)?(?:\s+(?:is|of|as|with|be))?\s*[:=]?\s*(?:an?\s+)?"
    r"|\b(?:is|are|gets?|with|as|by|receives?|answers?|gives?|yields?)\s+an?\s+(?:http\s+)?)[`\"']?$",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"(?:\b(?:return|respond|answer|reject|refuse|den[yi]|fail|expect|receive|repl[yi]|produce|redirect)\w*"
    r"(?:\s+(?:with|by|as|in))?(?:\s+an?|\s+the)?(?:\s+http)?\s+|(?:->|→|=>|⇒)\s*)[`\"']?$",
    re.IGNORECASE,
)
_CONTINUED = re.compile(r"(?:\b(?:and|or|else|otherwise|with)|[,;:(])\s*(?:an?\s+)?[`\"']?$", re.IGNORECASE)
_IS = re.compile(r"\b(?:is|are|be)\s+[`\"']?$", re.IGNORECASE)
_AFTER = re.compile(r"[`\"']?\s+(?:status|error|response|code|redirect)s?\b", re.IGNORECASE)
_END = re.compile(
    r"[`\"']?\s*(?:[.,;:)\]]|$|(?:if|when|for|and|or|with|unless|on|to|because|but|in|instead|without|as|while|from|by"
    r"|where|otherwise|after|before|until|since)\b)",
    re.IGNORECASE,
)
_PHRASES = re.compile(
    rf"[`\"']?\s+\(?(?:{'|'.join(re.escape(each.phrase) for each in HTTPStatus)}"
    r"|unprocessable entity|payload too large|request entity too large)\b",
    re.IGNORECASE,
)
_NUMBER = r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?"
_LIMIT = re.compile(
    r"\b(?:up to|at least|at most|over|under|above|below|(?:more|less|fewer|longer|shorter|greater) than"
    rf"|(?:maximum|minimum) of|exceed(?:s|ing)?|between)\s+[€$£]?(?P<bound>{_NUMBER})(?![\w%]|[.,]\w)"
    rf"|(?<![\w.,-])(?P<first>{_NUMBER})\s*(?:to|and|-|\u2013)\s*(?P<last>{_NUMBER})"
    r"(?=\s*(?:characters|digits|letters|percent|%))"
    rf"|(?<![\w.,-])(?P<counted>{_NUMBER})(?=\s*(?:characters|digits|letters|percent|%|times\b|ms\b|requests per))",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"(?<=[.;])\s+")
_PRESENT = re.compile(
    r"\b(?:today|currently|at present|at the moment|right now|so far|until now|previously|used to)\b",
    re.IGNORECASE,
)
_WANTED = re.compile(r"\b(?:must|should|shall|has to|have to)\b", re.IGNORECASE)
_UNWANTED = re.compile(
    rf"\b(?:instead of|rather than|no longer|never|not)\s+(?:by\s+|with\s+|as\s+)?(?:an?\s+)?"
    rf"(?:\"[^\"]+\"|\u201c[^\u201d]+\u201d|`[^`]+`|'[^']+'|{_CODE}\b)",
    re.IGNORECASE,
)
_KNOWN = {each.value for each in HTTPStatus}


class Endpoint(BaseModel, frozen=True):
    """An operation that a criterion names."""

    method: str = ""
    """HTTP method; "" if only the path is named."""
    path: str = ""
    """Path; "" if only the method is named."""

    def __str__(self) -> str:
        """Return the endpoint as it is written."""
        return " ".join(part for part in (self.method, self.path) if part)


class Named(BaseModel, frozen=True):
    """Everything that a criterion names literally."""

    endpoints: tuple[Endpoint, ...] = ()
    statuses: tuple[str, ...] = ()
    """Statuses such as "404", or "4xx" for a whole class."""
    quoted: tuple[str, ...] = ()
    """Quoted texts other than endpoints, methods and statuses."""
    limits: tuple[str, ...] = ()
    """Numbers such as those in "up to 50 characters"; other numbers are ignored as prose."""

    def __bool__(self) -> bool:
        """Return whether anything is named."""
        return bool(self.endpoints or self.statuses or self.quoted or self.limits)


def named_in(text: str) -> Named:
    """Return what a criterion names, ignoring prose: a number counts as a status only if the sentence says so."""
    text = _REGEX.sub("", text)
    endpoints = dict.fromkeys(_endpoints(text))
    text = _UNWANTED.sub("", " ".join(each for each in _CLAUSE.split(text) if not _describes_present(each)))
    statuses = dict.fromkeys(_statuses(text, bool(endpoints)))
    known = {*map(str, endpoints), *(each.path for each in endpoints), *statuses}
    quoted = [next(filter(None, groups)) for groups in _QUOTED.findall(text)]
    others = [
        each
        for each in quoted
        if _trimmed(each) not in known and not _ENDPOINT.fullmatch(each) and not re.fullmatch(_METHOD, each)
    ]
    limits = [each for match in _LIMIT.finditer(text) for each in match.groups() if each]
    return Named(
        endpoints=tuple(endpoints),
        statuses=tuple(statuses),
        quoted=tuple(dict.fromkeys(others)),
        limits=tuple(dict.fromkeys(limits)),
    )


def _describes_present(clause: str) -> bool:
    """Return whether a clause says what happens before the change, such as "today it answers 500"."""
    return bool(_PRESENT.search(clause)) and not _WANTED.search(clause)


def _endpoints(text: str) -> list[Endpoint]:
    found: list[Endpoint] = []
    rest = text
    for match in _ENDPOINT.finditer(text):
        path = _trimmed(match["path"])
        found += [Endpoint(method=each, path=path) for each in re.findall(_METHOD, match["methods"])]
        rest = rest.replace(match.group(), " ", 1)
    rest = _URL.sub(" ", rest)
    found += [Endpoint(path=_trimmed(each)) for each in _BARE.findall(rest)]
    found += [Endpoint(method="".join(groups)) for groups in _LONE_METHOD.findall(rest)]
    return found


def _trimmed(path: str) -> str:
    """Return a path without the punctuation of the sentence around it."""
    path = path.rstrip(".,;:!?")
    while path.endswith((")", "]")) and path.count(path[-1]) > path.count({")": "(", "]": "["}[path[-1]]):
        path = path[:-1].rstrip(".,;:!?")
    return path


def _statuses(text: str, about_http: bool) -> list[str]:
    found: list[str] = []
    for match in _CODES.finditer(text):
        codes = re.findall(_CODE, match.group())
        before, after = text[: match.start()], text[match.end() :]
        if _is_status(codes, before[-40:], after[:40], about_http or bool(found)):
            found += [each.lower() for each in codes]
    return found


def _is_status(codes: list[str], before: str, after: str, about_http: bool) -> bool:
    if any(each.lower().endswith("xx") for each in codes) or _PHRASES.match(after):
        return True
    if _BEFORE.search(before) and (_END.match(after) or _AFTER.match(after)):
        return True
    if not all(int(each) in _KNOWN for each in codes):
        return False
    if _AFTER.match(after):
        return True
    if not _END.match(after):
        return False
    refusals = all(int(each) >= HTTPStatus.BAD_REQUEST for each in codes)
    loosely = _CONTINUED.search(before) or (refusals and _IS.search(before))
    return bool(_VERB.search(before) or (about_http and loosely))
