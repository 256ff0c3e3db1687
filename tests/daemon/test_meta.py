"""What the fields and the étiquettes of a meter are, published once for programs."""

from __future__ import annotations

import json

from teleinfo.tic.reading import Reading
from tests.daemon.test_state_publisher import Broker, publisher
from tests.state.golden import TIME
from tests.state.test_tracker import standard
from tests.support.judged import moment


def test_each_field_and_each_etiquette_of_this_meter_has_unit_kind_and_meaning_in_both_languages() -> None:
    broker = Broker()
    published = publisher(broker)
    for second in (0.0, 10.0):
        published.update(standard(), moment(second, TIME))
    meta = json.loads(dict(broker.messages)["teleinfo/meta"])

    assert meta["fields"]["power.apparent_import"] == {
        "kind": "number",
        "unit": "VA",
        "en": "Apparent power drawn now.",
        "fr": "Puissance apparente soutirée en ce moment.",
    }
    assert meta["fields"]["energy.indexes.*.value"]["unit"] == "Wh"
    assert meta["fields"]["tariff.code"]["unit"] is None
    kinds = [
        meta["fields"][path]["kind"]
        for path in ("power.exporting", "contacts.breaker", "contacts.dry_contact")
    ]
    assert kinds == ["boolean", "enum", "enum"]
    assert "power.apparent_export" not in meta["fields"]
    assert meta["labels"]["SINSTS"] == {
        "kind": "quantity",
        "unit": "VA",
        "en": "Instantaneous imported apparent power",
        "fr": "Puissance apparente instantanée soutirée",
    }


def test_it_is_published_again_when_the_meter_shows_more() -> None:
    """Once more for a new étiquette, and once more when it is confirmed; then no more."""
    broker = Broker()
    published = publisher(broker)
    usual = standard()
    with_more = Reading(usual.mode, dict(usual.values) | {"SINSTI": "00000", "XYZ": "1"})

    def are_sent(reading: Reading, *, seconds: range) -> list[bool]:
        sent = []
        for second in seconds:
            published.update(reading, moment(float(second), TIME))
            sent.append("teleinfo/meta" in dict(broker.take()))
        return sent

    first = are_sent(usual, seconds=range(0, 50, 10))
    then = are_sent(with_more, seconds=range(50, 100, 10))

    assert first[0]
    assert first[3:] == [False, False]
    assert then[0]
    assert then[2:] == [False, False, False]
