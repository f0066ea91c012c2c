"""A client of the Postgres protocol that does nothing with what it reads, so that servers are measured and not drivers."""

import socket
import struct

READY = (b"Z\0\0\0\x05I", b"Z\0\0\0\x05T")


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


class Client:
    """One session on loopback, without a password."""

    def __init__(self, port, user, database):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.chunk = bytearray(1 << 18)
        parameters = b"".join(part.encode() + b"\0" for part in ("user", user, "database", database))
        self.socket.sendall(struct.pack("!ii", len(parameters) + 9, 3 << 16) + parameters + b"\0")
        self.read()

    def read(self):
        """Reads up to ReadyForQuery: how many bytes there were, and the last of them."""
        total, tail = 0, b""
        while not tail.endswith(READY):
            got = self.socket.recv_into(self.chunk)
            if got == 0:
                raise SystemExit(f"the server closed the connection: {tail!r}")
            total += got
            tail = (tail + self.chunk[max(0, got - 512) : got])[-512:]
            if tail.endswith(b"Z\0\0\0\x05E") or (total < 4096 and tail.startswith(b"E")):
                raise SystemExit(f"the server answered with an error: {tail!r}")
        return total, tail

    def query(self, sql):
        """The simple protocol: text."""
        self.socket.sendall(message(b"Q", sql.encode() + b"\0"))
        return self.read()

    def execute(self, sql, binary):
        """The extended protocol, one format for all columns."""
        parse = message(b"P", b"\0" + sql.encode() + b"\0\0\0")
        bind = message(b"B", b"\0\0\0\0\0\0" + struct.pack("!hh", 1, int(binary)))
        run = message(b"E", b"\0" + struct.pack("!i", 0))
        self.socket.sendall(parse + bind + run + message(b"S"))
        return self.read()

    def close(self):
        self.socket.sendall(message(b"X"))
        self.socket.close()
