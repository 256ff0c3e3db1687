"""Messages and names: what a copy of them is."""

from __future__ import annotations

import copy
import pickle

from hypothesis import example, given
from hypothesis import strategies as st

from teleinfo.vocabulary.words import Designation, Message

ANY_TEXT = st.text()
FIELD_NAMES = st.sampled_from(["path", "fault", "self", "cls", "template", "func"])


def with_fields(inner: st.SearchStrategy[str]) -> st.SearchStrategy[Message]:
    """Return messages of any text, whose fields have any text or are `inner` messages themselves."""

    def message(text: str, fields: dict[str, str]) -> Message:
        escaped = text.replace("{", "{{").replace("}", "}}")
        return Message(escaped + "".join(f"{{{name}}}" for name in fields), **fields)

    return st.builds(message, ANY_TEXT, st.dictionaries(FIELD_NAMES, inner | ANY_TEXT))


MESSAGES = st.recursive(with_fields(ANY_TEXT), with_fields, max_leaves=4)


def copies(message: Message) -> list[Message]:
    """Return the message copied in each way that Python has."""
    protocols = range(pickle.HIGHEST_PROTOCOL + 1)
    pickled = [pickle.loads(pickle.dumps(message, protocol)) for protocol in protocols]
    return [copy.copy(message), copy.deepcopy(message), *pickled]


@given(MESSAGES)
@example(Message("{shown} is refused", shown='"{hostname}"'))
def test_a_copy_of_a_message_is_the_message(message: Message) -> None:
    """With its template and its fields, by which it is translated, whatever characters they have."""
    for each in copies(message):
        assert type(each) is Message
        assert (str(each), each.template, each.fields) == (str(message), message.template, message.fields)


def test_a_copy_of_a_field_that_is_a_message_is_a_message() -> None:
    message = Message("{path}: {fault}", path="a", fault=Message("is {what}", what="{b}"))

    assert [type(each.fields["fault"]) for each in copies(message)] == [Message] * len(copies(message))


def test_a_copy_of_the_name_of_an_etiquette_is_such_a_name() -> None:
    name = Designation("Apparent power", french="Puissance apparente")

    assert [type(each) for each in copies(name)] == [Designation] * len(copies(name))


@given(st.text(st.characters(exclude_characters="{}")), ANY_TEXT)
def test_a_copy_of_a_name_has_both_languages(english: str, french: str) -> None:
    name = Designation(english, french=french)

    for each in copies(name):
        assert isinstance(each, Designation)
        assert (str(each), each.french) == (english, french)
