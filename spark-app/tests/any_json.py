"""Generated texts, collected to be parsed together: a Spark job for each would take hours."""

from __future__ import annotations

import json
import random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.golden_events import EVENTS
from tests.parsing import TRANSACTIONS

_EXAMPLES = 3000
_NAMES = [*[each.name for each in TRANSACTIONS.fields], "x", "", "Amount", "txn_id ", "\\u0061mount", "null"]

_digits = st.text("0123456789", min_size=1, max_size=40)
_numbers = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "", "-", "+", "--"]),
    st.one_of(st.sampled_from(["0", "1", "12", "9" * 16, "9" * 17, "00", ""]), _digits),
    st.one_of(st.just(""), st.builds(".{}".format, _digits), st.sampled_from([".5", ".25", ".005", "."])),
    st.one_of(
        st.just(""),
        st.builds("{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), _digits),
        st.sampled_from(["e0", "e2", "E-1", "e"]),
    ),
)
_times = st.builds(
    "{}-{}-{}T{}:{}:{}{}{}".format,
    st.sampled_from(["2026", "0000", "9999", "1582", "26", "-2026"]),
    *[st.one_of(st.sampled_from(["01", "10", "12"]), st.text("0123456789", max_size=3)) for _ in range(5)],
    st.sampled_from(["", ".", ".5", ".123456789", ".1234567890"]),
    st.sampled_from(["", "Z", "z", "+01:00", "-1800", "+18:01", "+01", " UTC", "[UTC]"]),
)
_texts = st.one_of(
    _times,
    _numbers,
    st.text(max_size=20),
    st.sampled_from(
        ["true", "null", "NaN", "Infinity", "{}", "[]", '"', "\\", "}", "\ud83d\udcb3", "\u2028"]
    ),
)
_strings = st.one_of(
    _texts.map(json.dumps),
    _texts.map(lambda text: json.dumps(text, ensure_ascii=False)),
    # Not escaped: quotation marks, control characters and backslashes end the string.
    _texts.map('"{}"'.format),
    st.sampled_from(['"\\ud800"', '"\\x"', '"\\u12"', '"2026-01-01T00:00:00Z"', "'a'"]),
)
_words = st.sampled_from(
    ["null", "true", "false", "NaN", "Infinity", "-Infinity", "nul", "TRUE", "undefined"]
)
_blanks = st.sampled_from([""] * 80 + [" ", "\n", "\t "] * 6 + ["\u00a0", "\0", "/**/"])
_scalars = st.one_of(_numbers, _strings, _words)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(st.sampled_from(_NAMES), inner), max_size=3).map(
            lambda members: "{" + ",".join(f'"{name}":{value}' for name, value in members) + "}"
        ),
    ),
    max_leaves=6,
)
#: Members of a silver row, so that most examples are nearly one.
_RIGHT = {
    "txn_id": '"t"',
    "card_id": '"c"',
    "event_ts": '"2026-01-01T00:00:00Z"',
    "amount": "12.5",
    "merchant": '"m"',
    "lat": "1.5",
}


@st.composite
def _events(draw: st.DrawFn) -> str:
    members = list(_RIGHT.items())
    for name in draw(st.lists(st.sampled_from(_NAMES), max_size=3)):
        at = draw(st.integers(0, len(members)))
        if draw(st.booleans()):
            members = [(key, value) for key, value in members if key != name]
        members.insert(min(at, len(members)), (name, draw(_values)))
    if draw(st.integers(0, 9)) == 0:
        del members[draw(st.integers(0, len(members) - 1))]
    text = draw(_blanks) + "{" + ",".join(f'{draw(_blanks)}"{name}":{value}' for name, value in members) + "}"
    text += draw(_blanks)
    change = draw(st.integers(0, 19))
    if change == 0:
        return text[: draw(st.integers(0, len(text)))]
    if change == 1:
        return text + draw(st.one_of(_values, st.sampled_from(["}", "]", ",", '"', text, ',"x":1'])))
    if change == 2:
        at = draw(st.integers(0, len(text)))
        return text[:at] + draw(st.text(max_size=3)) + text[at:]
    return text


@st.composite
def _mutated_golden(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from([event["value"] for event in EVENTS if event["value"]]))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 4))
        text = (
            text[:at]
            + draw(st.sampled_from(["", '"', "\\", "{", "}", "[", "]", ",", ":", "0", "e9", "\0"]))
            + text[at + cut :]
        )
    return text


def gathered(texts: st.SearchStrategy[str], count: int) -> list[str]:
    """Examples of texts. They are the same in every run, so a failure is reproducible on every
    machine.
    """
    found: list[str] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(texts)
    def gather(text: str) -> None:
        found.append(text)

    gather()
    return found


def any_texts() -> list[bytes]:
    texts = st.one_of(_events(), _events(), _mutated_golden(), _values)
    return [text.encode("utf-8", "surrogatepass") for text in gathered(texts, _EXAMPLES)]


def random_bytes() -> list[bytes]:
    generator = random.Random(1)
    return [generator.randbytes(generator.randrange(60)) for _ in range(200)]
