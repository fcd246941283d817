# SPDX-License-Identifier: MIT
"""Somebody on the wire between a station and a chip's serial line.

python3 wire_proxy.py LISTEN HOST:PORT READY [--record FILE] [RULE...]

Stands between signet-flasher and the CMSIS-DAP TCP port of signet-vmcu, passes
every packet on, and reads the link's frames (docs/protocol.md) out of the
UART's bytes.  Writes its port into READY.  --record: one line for each frame as
it was sent, "up|down TYPE INDEX BODY".

A RULE is WAY:TYPE:WHICH:DO.  WAY is up (chip to station) or down, TYPE two hex
digits, WHICH the number of the frame among those of its type (from 0), or "*".
DO is drop, double, flip (a bit of the body), old (the frame of this type that
came before it), say=TYPE,INDEX[,BODY] (another frame in its place), or
from=FILE (what FILE has recorded with this way, type and index).
"""
import socket
import struct
import sys
import zlib

ABORT, UART_CONFIGURE, UART_TRANSFER = 0x07, 0x20, 0x21


def crc16(data):
    crc = 0xFFFF
    for b in data:
        crc ^= b << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def frame(kind, index, body):
    head = struct.pack("<BHH", kind, index, len(body))
    return b"\xa5" + head + struct.pack("<H", crc16(head)) + body + struct.pack("<I", zlib.crc32(body))


class Way:
    """One direction: bytes in, bytes out, frames bent on the way."""

    def __init__(self, name, rules, record):
        self.name, self.rules, self.record = name, [r for r in rules if r[0] == name], record
        self.pending, self.seen, self.last = b"", {}, {}

    def bend(self, kind, index, body):
        n = self.seen.get(kind, 0)
        self.seen[kind] = n + 1
        before, self.last[kind] = self.last.get(kind), (kind, index, body)
        if self.record:
            self.record.write("%s %02x %d %s\n" % (self.name, kind, index, body.hex() or "-"))
            self.record.flush()
        for _, want, which, do in self.rules:
            if want != kind or which not in ("*", str(n)):
                continue
            verb, _, arg = do.partition("=")
            if verb == "drop":
                return b""
            if verb == "double":
                return 2 * frame(kind, index, body)
            if verb == "flip":
                return frame(kind, index, body[:-1] + bytes((body[-1] ^ 1,)))
            if verb == "old":
                return frame(*before)
            if verb == "say":
                words = arg.split(",") + [""]
                return frame(int(words[0], 16), int(words[1]), bytes.fromhex(words[2]))
            if verb == "from":
                for line in open(arg):
                    words = line.split()
                    if words[:3] == [self.name, "%02x" % kind, str(index)]:
                        return frame(kind, index, bytes.fromhex(words[3]))
            sys.exit("no such rule: " + do)
        return frame(kind, index, body)

    def feed(self, data):
        self.pending += data
        out = b""
        while self.pending:
            at = self.pending.find(b"\xa5")
            if at:
                at = len(self.pending) if at < 0 else at
                out += self.pending[:at]
                self.pending = self.pending[at:]
                continue
            if len(self.pending) < 8:
                break
            kind, index, length, check = struct.unpack("<BHHH", self.pending[1:8])
            if crc16(self.pending[1:6]) != check:
                out += self.pending[:1]
                self.pending = self.pending[1:]
                continue
            if len(self.pending) < 12 + length:
                break
            out += self.bend(kind, index, self.pending[8:8 + length])
            self.pending = self.pending[12 + length:]
        return out


class Probe:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.s = socket.create_connection((host, int(port)))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, packet):
        self.s.sendall(struct.pack("<IHBB", 0x00504144, len(packet), 1, 0) + packet)
        return None if packet[0] == ABORT else receive(self.s)


def receive(s):
    head = b""
    while len(head) < 8:
        got = s.recv(8 - len(head))
        if not got:
            return None
        head += got
    length, packet = struct.unpack("<IHBB", head)[1], b""
    while len(packet) < length:
        got = s.recv(length - len(packet))
        if not got:
            return None
        packet += got
    return packet


def uart(probe, packet, up, down, out):
    """One DAP_UART_Transfer; what the station has not asked for waits in out."""
    want, length = struct.unpack("<HH", packet[1:5])
    text = down.feed(packet[5:5 + length])
    while True:
        piece = text[:50]
        answer = probe.ask(struct.pack("<BHH", UART_TRANSFER, want, len(piece)) + piece)
        status, taken, n = answer[1], *struct.unpack("<HH", answer[2:6])
        out += up.feed(answer[6:6 + n])
        text = text[taken:]
        if not text:
            break
    now = bytes(out[:want])
    del out[:want]
    return struct.pack("<BBHH", UART_TRANSFER, status, length, len(now)) + now


def serve(station, probe, up, down):
    out = bytearray()
    while True:
        packet = receive(station)
        if packet is None:
            return
        if packet[0] == UART_CONFIGURE:
            up.pending = down.pending = b""
        answer = uart(probe, packet, up, down, out) if packet[0] == UART_TRANSFER else probe.ask(packet)
        if answer is not None:
            station.sendall(struct.pack("<IHBB", 0x00504144, len(answer), 2, 0) + answer)


def main():
    args = sys.argv[4:]
    record = None
    if args[:1] == ["--record"]:
        record, args = open(args[1], "w"), args[2:]
    rules = []
    for a in args:
        way, kind, which, do = a.split(":", 3)
        rules.append((way, int(kind, 16), which, do))
    server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    with open(sys.argv[3] + ".new", "w") as f:
        f.write("127.0.0.1:%d\n" % server.getsockname()[1])
    __import__("os").rename(sys.argv[3] + ".new", sys.argv[3])
    up, down = Way("up", rules, record), Way("down", rules, record)
    while True:
        station, _ = server.accept()
        station.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        probe = Probe(sys.argv[2])
        serve(station, probe, up, down)
        probe.s.close()
        station.close()


main()
