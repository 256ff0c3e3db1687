"""
Each rule of docs/architecture.md that a test reads from the sources is broken here, in two ways at least.

The code stands at the end of a real module while the test of the rule looks at it, and the test must fail.
The contracts of import-linter are broken in `test_layers.py`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.architecture import test_errors, test_layers, test_names, test_private_parts, test_purity
from tests.architecture.sources import planted
from tests.support.parts import part_of

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORTS = test_purity.test_a_pure_module_imports_allowed_modules_and_other_pure_modules
OWN_IMPORTS = test_purity.test_the_protocol_imports_nothing_of_the_program
CLOCK = test_purity.test_a_pure_module_names_no_clock
WORLD = test_purity.test_a_pure_module_opens_nothing
AT_IMPORT = test_purity.test_a_pure_module_reads_its_table_when_it_is_imported
RAISES = test_purity.test_the_protocol_raises_nothing
CATCHES = test_errors.test_nobody_catches_everything
SECOND_NAME = test_errors.test_no_class_of_all_errors_has_a_second_name
CALLBACK = test_errors.test_no_callback_of_a_task_keeps_its_error
SILENCED = test_errors.test_no_error_is_kept_from_who_waits_for_it_or_from_the_loop
PRIVATE = test_private_parts.test_these_private_parts_are_used_and_no_others
BY_TEXT = test_private_parts.test_no_private_part_is_reached_by_a_text
CLASSES = test_names.test_no_two_classes_or_aliases_share_a_name
ENGLISH = test_names.test_functions_classes_and_values_have_english_names
FOR_TYPES = test_layers.test_the_page_knows_the_types_of_the_state_alone
PUBLIC_API = test_layers.test_no_module_imports_the_public_api
IN_A_TEXT = test_layers.test_no_module_is_imported_by_a_name_in_a_text
TABLES = test_layers.test_the_tables_lead_to_no_code_of_the_decoder

BREACHES: list[tuple[Callable[[], None], str, str]] = [
    (IMPORTS, "state.daily_energy", "import sqlite3"),
    (IMPORTS, "tic.judge", "def node():\n    import platform\n    return platform.node()"),
    (IMPORTS, "vocabulary.codes", "from locale import getlocale as name"),
    (IMPORTS, "state.facts", "from pathlib import Path"),
    (IMPORTS, "port.health", "from time import monotonic"),
    (OWN_IMPORTS, "state.prices", "from teleinfo.common.i18n import N_"),
    (OWN_IMPORTS, "tic.reading", "def text(reading):\n    import json\n    return json.dumps(reading)"),
    (CLOCK, "state.daily_energy", "CLOCK = datetime.now"),
    (CLOCK, "state.daily_energy", "def day():\n    return datetime.datetime.today()"),
    (CLOCK, "tic.horodate", "clock = getattr(datetime, 'utcnow')"),
    (CLOCK, "state.facts", "from datetime import date as day\nnext_day = map(day.today, ())"),
    (WORLD, "state.tariffs", "def text():\n    return open('tariffs.txt').read()"),
    (WORLD, "tic.judge", "say = print"),
    (AT_IMPORT, "state.tariffs", "def table():\n    return Path(__file__).with_name('tariffs.txt')"),
    (AT_IMPORT, "state.tariffs", "table = lambda: read_sections(FILE)"),
    (AT_IMPORT, "tic.meter_id", "class Table:\n    def text(self):\n        return self.path.read_text()"),
    (RAISES, "tic.decoder", "def check(value):\n    raise ValueError(value)"),
    (RAISES, "state.daily_energy", "def check(value):\n    assert value >= 0"),
    (CATCHES, "daemon.meter", "try:\n    pass\nexcept builtins.Exception:\n    pass"),
    (CATCHES, "mqtt.client", "try:\n    pass\nexcept (OSError, Exception):\n    pass"),
    (CATCHES, "port.reader", "try:\n    pass\nexcept:\n    pass"),
    (CATCHES, "web.server", "with contextlib.suppress(BaseException):\n    pass"),
    (SECOND_NAME, "daemon.meter", "Anything = Exception"),
    (SECOND_NAME, "port.reader", "from builtins import Exception as Anything"),
    (SECOND_NAME, "watch.screen", "ALL = (OSError, builtins.BaseException)"),
    (CALLBACK, "daemon.meter", "task.add_done_callback(lambda task: task.cancelled() or task.exception())"),
    (CALLBACK, "mqtt.client", "def forget(task):\n    task.exception()"),
    (SILENCED, "daemon.app", "asyncio.gather(*tasks, return_exceptions=True)"),
    (SILENCED, "web.server", "loop.set_exception_handler(None)"),
    (PRIVATE, "mqtt.publisher", "sock = connection._sock"),
    (PRIVATE, "port.reader", "from serial_asyncio import _open"),
    (BY_TEXT, "mqtt.client", "client = vars(client)['_client']"),
    (BY_TEXT, "mqtt.publisher", "client = getattr(client, '_client')"),
    (BY_TEXT, "port.serial_port", "transport = transport.__dict__"),
    (CLASSES, "tic.judge", "class Reading:\n    pass"),
    (CLASSES, "web.view", "Json = dict"),
    (ENGLISH, "state.daily_energy", "def calculer_compteur():\n    pass"),
    (ENGLISH, "watch.layout", "compteur = 1"),
    (FOR_TYPES, "web.view", "from teleinfo.state.fields import number"),
    (FOR_TYPES, "web.server", "def value(state):\n    from teleinfo.state import fields\n    return fields"),
    (PUBLIC_API, "watch.layout", "import teleinfo"),
    (PUBLIC_API, "watch.layout", "from teleinfo import Decoder"),
    (IN_A_TEXT, "daemon.app", "importlib.import_module('teleinfo.web')"),
    (IN_A_TEXT, "web.view", "load = __import__"),
    (TABLES, "tic.labels", "from teleinfo.tic.parity import strip"),
    (TABLES, "tic.tables.reader", "import teleinfo.tic.groups"),
]
"""The test of a rule, a module, and code that breaks the rule there."""

FIRST_BREACHES = [*{rule: (rule, module, code) for rule, module, code in reversed(BREACHES)}.values()]
"""The first breach of each rule: `make test` has these."""


@pytest.mark.parametrize(
    "breach", part_of(BREACHES, played=FIRST_BREACHES), ids=lambda breach: " ".join(breach[1:])
)
def test_code_that_breaks_a_rule_is_noticed(breach: tuple[Callable[[], None], str, str]) -> None:
    rule, module, code = breach
    with planted(f"teleinfo.{module}", code), pytest.raises(AssertionError):
        rule()


def test_each_rule_is_broken_in_two_ways() -> None:
    """Rules of the whole tree are excepted: layers, commands, files, and the texts about settings."""
    modules = (test_errors, test_layers, test_names, test_private_parts, test_purity)
    rules = {value for module in modules for name, value in vars(module).items() if name.startswith("test_")}
    of_tree = {
        test_layers.test_the_contracts_are_kept,
        test_layers.test_an_import_that_a_contract_forbids_is_found,
        test_layers.test_each_contract_is_broken_twice_by_a_test,
        test_layers.test_each_module_has_a_layer,
        test_layers.test_a_command_is_a_module_or_a_package_of_the_layers,
        test_layers.test_each_library_has_a_contract,
        test_names.test_every_setting_that_a_text_names_exists,
        test_names.test_files_and_folders_have_english_names,
    }
    broken = Counter(rule for rule, _, _ in BREACHES)

    assert {rule.__name__ for rule in rules - of_tree if broken[rule] < 2} == set()
