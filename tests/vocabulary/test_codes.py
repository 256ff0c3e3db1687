"""What codes say beside their words, which the golden files and the screens show."""

from __future__ import annotations

from teleinfo.vocabulary.codes import Colour, TariffPeriod


def test_a_period_of_tempo_has_the_colour_of_its_days() -> None:
    periods = (TariffPeriod.HPJB, TariffPeriod.HCJW, TariffPeriod.HPJR, TariffPeriod.HP)

    assert [period.colour for period in periods] == [*Colour, None]
