"""The replayed captures, one server for all tests."""

import pytest

import replay


@pytest.fixture(scope="session")
def replayed():
    address, end = replay.serve()
    yield address
    end()


@pytest.fixture(params=replay.CAPTURES)
def capture(request):
    return request.param
