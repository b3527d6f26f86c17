"""Depth and constants are refused before Python recurses; everything else reads as json does."""

import json

import pytest

from ufm.support.bounded_json import DEPTH, parse_json


@pytest.mark.parametrize(
    "text", ["{}", '{"a": [1, 2.5, "x", null, true]}', '"[[["', '"\\"[" ', "1e400", '["\\\\", "]"]']
)
def test_what_json_reads(text):
    assert parse_json(text) == json.loads(text)


def test_strings_may_hold_any_number_of_brackets():
    assert parse_json(json.dumps("[" * 10**5)) == "[" * 10**5


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":', "[ \n"])
def test_nesting_is_bounded_before_parsing(opening):
    deepest = DEPTH // (1 + ("{" in opening and "[" in opening))
    closing = "".join("]" if c == "[" else "}" for c in reversed(opening) if c in "[{")
    assert parse_json(opening * deepest + "1" + closing * deepest)
    with pytest.raises(ValueError, match="nested deeper than 64 brackets"):
        parse_json(opening * 10**5)


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_has_not(name):
    with pytest.raises(ValueError, match="is not a JSON number"):
        parse_json(f'{{"a": {name}}}')
    assert repr(parse_json(name, nan=True)) == repr(float(name.replace("Infinity", "inf")))
