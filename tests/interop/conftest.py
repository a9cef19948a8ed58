"""What all suites in Python share: gateways that are ended with the test, and the plugin by which tests fill the table."""

import pytest

from gateway import Gateway

pytest_plugins = ["shows"]
pytest.register_assert_rewrite("langchain_abilities")


@pytest.fixture(scope="session")
def talking():
    """One gateway for all tests that need no particular answer."""
    gateway = Gateway()
    yield gateway
    code, _ = gateway.stop()
    assert code == 0, f"the gateway ended with {code}:\n" + "".join(gateway.said)
    assert not any("panicked" in line for line in gateway.said), "".join(gateway.said)


@pytest.fixture
def playing():
    """Starts gateways whose upstream plays given exchanges."""
    started = []

    def start(*exchanges, **environment):
        gateway = Gateway(list(exchanges) or None, **environment)
        started.append(gateway)
        return gateway

    yield start
    for gateway in started:
        gateway.stop()
        assert not any("panicked" in line for line in gateway.said), "".join(gateway.said)
