"""A strict reader of OpenMetrics text, version 1.0.0: what is not in the specification is an error."""

import math
import re
from dataclasses import dataclass, field

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
REAL = re.compile(r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[Ii]nf(?:inity)?)|[Nn]a[Nn]")
TIME = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
# For each type what may stand behind the family's name in that of a sample.
SUFFIXES = {"gauge": [""], "unknown": [""], "counter": ["_total", "_created"], "info": ["_info"], "stateset": [""],
            "histogram": ["_bucket", "_count", "_sum", "_created"], "gaugehistogram": ["_bucket", "_gcount", "_gsum"],
            "summary": ["", "_count", "_sum", "_created"]}


class Invalid(ValueError):
    """What is wrong, and in which line."""


@dataclass
class Family:
    name: str
    type: str = None
    unit: str = None
    help: str = None
    samples: dict = field(default_factory=dict)  # labels as a sorted tuple: value


def parse(text):
    """{family's name: Family}; raises Invalid."""
    if not isinstance(text, str):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Invalid(f"not UTF-8: {error}") from error
    if not text.endswith("# EOF\n"):
        raise Invalid("does not end in '# EOF' and a newline")
    if "\r" in text:
        raise Invalid("a carriage return")
    families, current = {}, None
    for number, line in enumerate(text[:-1].split("\n")[:-1], 1):
        try:
            current = _take_line(families, current, line)
        except Invalid as error:
            raise Invalid(f"line {number}, {line!r}: {error}") from None
    for family in families.values():
        if not family.samples:
            raise Invalid(f"{family.name} has no sample")
    return families


def _take_line(families, current, line):
    if not line:
        raise Invalid("an empty line")
    return _take_metadata(families, current, line) if line.startswith("#") else _take_sample(current, line)


def _take_metadata(families, current, line):
    match = re.fullmatch(r"# (TYPE|UNIT|HELP) ([^ ]+) (.*)", line)
    if not match:
        raise Invalid("neither TYPE, UNIT nor HELP")
    kind, name, value = match.groups()
    if not NAME.fullmatch(name):
        raise Invalid("not the name of a metric")
    if current is None or current.name != name:
        if name in families:
            raise Invalid("a family in two pieces")
        current = families[name] = Family(name)
    if current.samples:
        raise Invalid("behind its samples")
    if getattr(current, kind.lower()) is not None:
        raise Invalid("a second time")
    if kind == "TYPE" and value not in SUFFIXES:
        raise Invalid("no such type")
    if kind == "UNIT" and (not re.fullmatch(r"[a-zA-Z0-9_:]+", value) or not name.endswith("_" + value)):
        raise Invalid("the name does not end in the unit")
    if kind == "HELP" and re.search(r'(?<!\\)(?:\\\\)*\\(?![n\\"])', value):
        raise Invalid("an unknown escape")
    setattr(current, kind.lower(), value)
    return current


def _take_labels(line):
    """(labels, what stands behind them)"""
    labels = {}
    if not line.startswith("{"):
        return labels, line
    rest = line[1:]
    while not rest.startswith("}"):
        match = LABEL.match(rest)
        if not match or match[1] in labels:
            raise Invalid("a label that is none, or is there twice")
        labels[match[1]] = match[2]
        rest = rest[match.end():]
        if rest.startswith(","):
            rest = rest[1:]
            if rest.startswith("}"):
                raise Invalid("a comma behind the last label")
        elif not rest.startswith("}"):
            raise Invalid("labels without a comma between them")
    return labels, rest[1:]


def _take_sample(current, line):
    match = NAME.match(line)
    if not match or current is None:
        raise Invalid("no sample of a family")
    if match[0] not in [current.name + suffix for suffix in SUFFIXES[current.type or "unknown"]]:
        raise Invalid(f"not of {current.name}, a {current.type}")
    labels, rest = _take_labels(line[match.end():])
    match = re.fullmatch(r" ([^ ]+)(?: ([^ ]+))?", rest)
    if not match or not REAL.fullmatch(match[1]) or (match[2] and not TIME.fullmatch(match[2])):
        raise Invalid("not one value, and a time at most")
    key = tuple(sorted(labels.items()))
    if key in current.samples:
        raise Invalid("the same labels a second time")
    value = float(match[1])
    if current.type == "counter" and (math.isnan(value) or value < 0):
        raise Invalid("a counter below zero")
    current.samples[key] = value
    return current
