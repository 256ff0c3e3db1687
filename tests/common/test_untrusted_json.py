"""JSON of somebody unknown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.untrusted_json import MAX_OBJECT_BYTES, parse_object


@given(st.binary() | st.text().map(str.encode))
def test_whatever_comes_nothing_is_raised(payload: bytes) -> None:
    assert isinstance(parse_object(payload), dict | None)


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()))
def test_an_object_is_read(fields: dict[str, object]) -> None:
    payload = json.dumps(fields).encode()

    assert parse_object(payload) == (fields if len(payload) <= MAX_OBJECT_BYTES else None)


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 200_000, b"[" * MAX_OBJECT_BYTES, b'{"a":' * (MAX_OBJECT_BYTES // 5),
        b'{"a":NaN}', b'{"a":-Infinity}',
        b'{"a":' + b"9" * 5000 + b"}", b'{"a":"' + b"x" * MAX_OBJECT_BYTES + b'"}', b"\xff",
        b"[1]", b"null", b"",
        b'{"a":"\\ud800"}', b'{"\\udfff":1}', b'{"a":["\\ud800x\\udc00"]}', b'{"a":"\xed\xa0\x80"}',
        '{"a":1}'.encode("utf-16"),
    ],
    ids=lambda payload: payload[:12].decode(errors="replace"),
)  # fmt: skip
def test_what_is_no_object_is_none(payload: bytes) -> None:
    assert parse_object(payload) is None
