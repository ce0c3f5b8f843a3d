"""Ports are the reader's choice, and a busy one is said."""

from __future__ import annotations

import os
import socket

import pytest

from include.domain.errors import ConfigurationError, InvalidInputError
from include.local import ports


def test_a_free_port_is_free_until_somebody_listens() -> None:
    port = ports.free_port()
    assert ports.is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not ports.is_free(port)


def test_a_busy_port_is_named_with_its_holder_and_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(
            ConfigurationError, match=rf"Port {port}, for the UI, is taken.*{os.getpid()}.*Choose another"
        ):
            ports.require_free(port, "the UI", "Choose another.")


@pytest.mark.parametrize("value", ["0", "65536", "http", "-1", "8080 ", "²"])
def test_what_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AKUBILL_UI_PORT", value)
    with pytest.raises(InvalidInputError, match="AKUBILL_UI_PORT"):
        ports.wanted_port("AKUBILL_UI_PORT")


def test_a_port_left_out_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AKUBILL_UI_PORT", raising=False)
    assert ports.wanted_port("AKUBILL_UI_PORT") is None
