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
import struct
import sys
import zlib

from dap_tcp import listen, pass_by

UART_CONFIGURE, UART_TRANSFER = 0x20, 0x21


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


def main():
    args = sys.argv[4:]
    record = None
    if args[:1] == ["--record"]:
        record, args = open(args[1], "w"), args[2:]
    rules = []
    for a in args:
        way, kind, which, do = a.split(":", 3)
        rules.append((way, int(kind, 16), which, do))
    up, down = Way("up", rules, record), Way("down", rules, record)

    def session():
        out = bytearray()

        def exchange(probe, packet):
            if packet[0] == UART_CONFIGURE:
                up.pending = down.pending = b""
            return uart(probe, packet, up, down, out) if packet[0] == UART_TRANSFER else probe.ask(packet)
        return exchange

    server = listen(int(sys.argv[1]), sys.argv[3])
    while True:
        pass_by(server, sys.argv[2], session())


main()
