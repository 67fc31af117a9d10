"""MQTT 3.1.1 (OASIS standard) in plain sockets, as much as the tests need: an ear and a mouth beside the adapter."""

import socket
import struct
import subprocess
import threading


def _text(text):
    content = text.encode()
    return struct.pack(">H", len(content)) + content


def _packet(kind, content):
    length, rest = b"", len(content)
    while True:
        length += bytes([rest % 128 | (128 if rest > 127 else 0)])
        rest //= 128
        if not rest:
            return bytes([kind]) + length + content


class Client:
    """Connected when made; hears every message of `topics` until it is closed."""

    def __init__(self, port, name, topics=()):
        self.heard = []  # (topic, payload, retained)
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.connection.sendall(_packet(0x10, _text("MQTT") + bytes([4, 2]) + struct.pack(">H", 600) + _text(name)))
        kind, content = self._receive()
        assert kind == 0x20 and content[1] == 0, (kind, content)
        if topics:
            content = b"\x00\x01" + b"".join(_text(topic) + b"\x00" for topic in topics)
            self.connection.sendall(_packet(0x82, content))
            kind, content = self._receive()
            assert kind == 0x90 and 0x80 not in content[2:], (kind, content)
        self.connection.settimeout(None)
        self.ear = threading.Thread(target=self._listen, daemon=True)
        self.ear.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def publish(self, topic, payload, retained=False):
        self.connection.sendall(_packet(0x31 if retained else 0x30, _text(topic) + payload.encode()))

    def last(self, topic):
        return next((payload for name, payload, _ in reversed(self.heard) if name == topic), None)

    def close(self):
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.ear.join(10)
        self.connection.close()

    def _exactly(self, count):
        content = b""
        while len(content) < count:
            part = self.connection.recv(count - len(content))
            if not part:
                raise ConnectionError("closed by the broker")
            content += part
        return content

    def _receive(self):
        kind = self._exactly(1)[0]
        length, shift = 0, 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return kind, self._exactly(length)

    def _listen(self):
        try:
            while True:
                kind, content = self._receive()
                if kind >> 4 != 3:
                    continue
                end = 2 + struct.unpack(">H", content[:2])[0]
                self.heard.append((content[2:end].decode(), content[end:].decode(), bool(kind & 1)))
        except (OSError, ConnectionError):
            pass


class Broker:
    """A real mosquitto on loopback, without persistence: plain and open on one port, with TLS and a password on the next."""

    def __init__(self, program, folder, port, user, password):
        self.program, self.folder, self.port = program, folder, port
        subprocess.run(["mosquitto_passwd", "-b", "-c", folder / "passwords", user, password], check=True, timeout=30)
        self.config = folder / "mosquitto.conf"
        self.config.write_text("\n".join([
            "user root", "persistence false", "log_dest stderr", "per_listener_settings true",
            f"listener {port} 127.0.0.1", "allow_anonymous true",
            f"listener {port + 1} 127.0.0.1", f"password_file {folder}/passwords", f"certfile {folder}/broker.pem",
            f"keyfile {folder}/broker.key", ""]))
        self.process = None

    def start(self):
        with open(self.folder / "mosquitto.log", "a") as log:
            self.process = subprocess.Popen([self.program, "-c", str(self.config)], stdout=log, stderr=log)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True
