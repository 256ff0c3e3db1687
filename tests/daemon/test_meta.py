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
    broker = Broker()
    published = publisher(broker)
    sent = []
    for second in range(0, 100, 10):
        values = dict(standard().values) | ({"SINSTI": "00000", "XYZ": "1"} if second >= 50 else {})
        published.update(Reading(standard().mode, values), moment(float(second), TIME))
        sent.append("teleinfo/meta" in dict(broker.take()))

    assert sent[0]
    assert not any(sent[3:5])
    assert sent[5]
    assert not any(sent[7:])
