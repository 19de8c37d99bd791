"""Messages to people, by the real apprise to a real web server; and what they say."""

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.alerts.messenger import Messenger
from pipeline.core.errors import AlertNotSent, ConfigError, NobodyToTell


class Hook(BaseHTTPRequestHandler):
    """A webhook that keeps what it is told, and fails where its path says so."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append((body["title"], body["message"]))
        self.send_response(500 if "bad" in self.path else 200)
        self.end_headers()

    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture
def hook():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.told = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def addresses(tmp_path, hook):
    def write(*paths, mode=0o600):
        file = tmp_path / "noi-nhan"
        lines = [f"json://bantin:bimat@127.0.0.1:{hook.server_port}/{path}" for path in paths]
        file.write_text("\n".join(["# ban ngày", *lines, ""]), "utf-8-sig")
        file.chmod(mode)
        return file

    return write


def test_a_message_reaches_every_address(addresses, hook):
    Messenger(addresses("a", "b")).send("Tiêu đề ✓", "Dòng một\nDòng hai")
    assert hook.told == [("Tiêu đề ✓", "Dòng một\nDòng hai")] * 2


def test_addresses_may_come_from_the_environment(monkeypatch, hook):
    monkeypatch.setenv("BANTIN_ALERT_URLS", f"json://127.0.0.1:{hook.server_port}/x")
    Messenger(None).send("a", "b")
    assert len(hook.told) == 1


def test_nobody_to_tell_is_said_where_it_is_looked_at_and_hinders_nothing(tmp_path):
    Messenger(None).send("a", "b")
    with pytest.raises(NobodyToTell):
        Messenger(None).check()
    file = tmp_path / "noi-nhan"
    file.write_text("# chưa có ai\n")
    file.chmod(0o600)
    with pytest.raises(NobodyToTell):
        Messenger(file).check()


def test_who_cannot_be_reached_is_told_without_the_password_and_the_others_hear(addresses, hook, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(AlertNotSent) as caught:
        Messenger(addresses("bad", "good")).send("a", "b")
    assert "json://…" in caught.value.message.vi
    assert len(hook.told) >= 2
    assert "bimat" not in str(caught.value) + caplog.text


def test_the_same_message_again_goes_only_to_those_who_lack_it(addresses, hook):
    file = addresses("bad", "good")
    messenger = Messenger(file)
    for title in ("một", "hai"):
        with pytest.raises(AlertNotSent):
            messenger.send(title, "b")
    hook.told.clear()
    file.write_text(file.read_text("utf-8-sig").replace("/bad", "/mended"), "utf-8")
    messenger.send("một", "b")
    assert [title for title, _ in hook.told] == ["một"]
    messenger.send("một", "b")  # it was done: this is another of the same words
    assert len(hook.told) == 3


def test_addresses_that_others_may_read_are_refused(addresses, hook):
    with pytest.raises(ConfigError, match="chmod 600"):
        Messenger(addresses("a", mode=0o644)).check()
    assert hook.told == []


def test_an_address_of_no_kind_is_told_by_its_kind_alone(tmp_path):
    file = tmp_path / "noi-nhan"
    file.write_text("# của tòa soạn\n\nkhongco://bimat@x\n")
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="khongco") as caught:
        Messenger(file).check()
    assert "noi-nhan, dòng 3: không hiểu địa chỉ khongco" in caught.value.message.vi
    assert "bimat" not in caught.value.message.vi
    file.write_text("bimat@x\n")
    with pytest.raises(ConfigError) as caught:
        Messenger(file).check()
    assert "noi-nhan, dòng 1" in caught.value.message.vi
    assert "bimat" not in caught.value.message.vi
    with pytest.raises(ConfigError, match="khong-co"):
        Messenger(tmp_path / "khong-co").check()


def test_addresses_of_the_environment_stand_for_those_of_the_file(addresses, hook, monkeypatch):
    file = addresses("file")
    monkeypatch.setenv("BANTIN_ALERT_URLS", f"json://127.0.0.1:{hook.server_port}/variable")
    Messenger(file).send("một", "b")
    assert len(hook.told) == 1
    monkeypatch.setenv("BANTIN_ALERT_URLS", "khongco://x")
    with pytest.raises(ConfigError, match="BANTIN_ALERT_URLS, number 1"):
        Messenger(file).check()
