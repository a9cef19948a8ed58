"""A pytest plugin by which a test says what it proves of a client: which cells of the table in README.md.

A module names its client, as table.json spells it, and that client's version:

    CLIENT = "openai (Python), Responses"
    VERSION = openai.__version__

and a test names abilities, on a decorator or on a single parameter:

    @pytest.mark.shows("stream", "one tool")

The outcomes are appended to the file that WARP2API_CELLS names, one JSON object a line; without it nothing is written.
The plugin must not know what the tests do, nor how the table looks.
"""

import json
import os
from pathlib import Path

import pytest

TABLE = json.loads(Path(__file__).with_name("table.json").read_text())
CLIENTS = {row["name"]: row for row in TABLE["clients"]}
OUTCOME = pytest.StashKey[str]()


def pytest_configure(config):
    config.addinivalue_line("markers", "shows(*abilities): the cells of the module's client that the test proves")


def abilities(item):
    """What a test declares, in the order in which it does."""
    return list(dict.fromkeys(ability for marker in item.iter_markers("shows") for ability in marker.args))


def pytest_collection_modifyitems(items):
    for item in items:
        for ability in abilities(item):
            client = getattr(item.module, "CLIENT", None)
            if client not in CLIENTS or not getattr(item.module, "VERSION", None):
                raise pytest.UsageError(f"{item.nodeid}: its module needs a VERSION, and a CLIENT of {sorted(CLIENTS)}")
            if ability not in TABLE["abilities"] or ability in CLIENTS[client]["cannot"]:
                raise pytest.UsageError(f"{item.nodeid}: table.json has no `{ability}` that {client} could show")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    # A test has passed when its setup, its call and its teardown all have.
    if not report.passed or OUTCOME not in item.stash:
        item.stash[OUTCOME] = report.outcome
    if report.when == "teardown":
        record(item)


def record(item):
    path = os.environ.get("WARP2API_CELLS")
    lines = [
        {
            "client": item.module.CLIENT,
            "version": item.module.VERSION,
            "ability": ability,
            "test": item.nodeid,
            "outcome": item.stash[OUTCOME],
        }
        for ability in abilities(item)
    ]
    if path and lines:
        with open(path, "a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
