"""The client's end of a WebSocket (RFC 6455), as far as the tests need it: text frames from the server."""

import base64
import hashlib
import os
import socket
import struct
from urllib.parse import urlparse


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(status, body)
        self.status = status


class WebSocket:
    def __init__(self, url, path="/", headers=None, seconds=20):
        address = urlparse(url)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=seconds)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {address.netloc}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.receive()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        status = int(head.split()[1])
        if status != 101:
            self.socket.close()
            raise Refused(status, self.rest.decode(errors="replace"))
        wanted = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        assert b"Sec-WebSocket-Accept: " + wanted in head, head

    def receive(self):
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("closed")
        self.rest += part

    def take(self, count):
        while len(self.rest) < count:
            self.receive()
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def text(self):
        """The next text frame."""
        while True:
            first, second = self.take(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", self.take(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self.take(8))
            payload = self.take(length)
            if first & 0x0F == 1:
                return payload.decode()
            if first & 0x0F == 8:
                raise ConnectionError(f"closed with {payload[:2].hex()}")

    def close(self):
        self.socket.close()
