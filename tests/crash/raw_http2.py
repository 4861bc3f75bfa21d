"""Just enough HTTP/2 to be a bad client with: frames as they are, headers as literals, answers unread."""

import socket
import struct
import time

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
CANCEL = 8


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(name, value):
    """A header field that enters no table; lengths stay below 127."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def headers_of(method):
    return b"".join(literal(name, value) for name, value in (
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", method.encode()), (b":authority", b"localhost"),
        (b"te", b"trailers"), (b"content-type", b"application/grpc")))


def message_of(request):
    body = request.SerializeToString()
    return b"\0" + struct.pack(">I", len(body)) + body


class Connection:
    """One connection to a Unix socket. Closed where the service closes it: then send() raises OSError."""

    def __init__(self, path, window=2**31 - 1 - 65535):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        for _ in range(1000):
            try:
                self.socket.connect(path)
                break
            except BlockingIOError:  # so many wait to be accepted
                time.sleep(0.01)
        self.next_stream = 1
        self.rest = b""
        self.going = False  # the service takes no new streams
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 2**31 - 1)))
        if window:
            self.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", window)))

    def send(self, data):
        self.socket.sendall(data)

    def request(self, head, body, reset=False):
        """Bytes of a whole request, to be sent; with `reset`, of one that is taken back at once."""
        stream = self.next_stream
        self.next_stream += 2
        if reset:
            return frame(HEADERS, END_HEADERS, stream, head) + frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))
        pieces = [frame(HEADERS, END_HEADERS, stream, head)]
        for at in range(0, len(body), 16384):
            pieces.append(frame(DATA, END_STREAM if at + 16384 >= len(body) else 0, stream, body[at:at + 16384]))
        return b"".join(pieces)

    def ended(self):
        """Reads what has come, answers what must be, and says how many streams have ended."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("closed")
        self.rest += data
        count = 0
        while len(self.rest) >= 9:
            length = int.from_bytes(self.rest[:3], "big")
            if len(self.rest) < 9 + length:
                break
            kind, flags = self.rest[3], self.rest[4]
            payload = self.rest[9:9 + length]
            self.rest = self.rest[9 + length:]
            if kind == SETTINGS and not flags & ACK:
                self.send(frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                self.send(frame(PING, ACK, 0, payload))
            elif kind == GOAWAY:
                self.going = True
            elif kind == RST_STREAM or (kind in (HEADERS, DATA) and flags & END_STREAM):
                count += 1
        return count

    def close(self):
        self.socket.close()
