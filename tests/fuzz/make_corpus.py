#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the first seeds of the format fuzzers into tests/corpus.

Run from the root: python3 tests/fuzz/make_corpus.py.  The seeds are committed;
run it again when a format changes.  Encoders here are written from the RFCs
and share nothing with the code under test.
"""
import binascii
import hashlib
import os
import struct
import subprocess


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << (8 * size):
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    raise ValueError(n)


class Map(list):
    """Pairs in the order given."""


class Tag:
    def __init__(self, number, value):
        self.number, self.value = number, value


def cbor(v):
    if v is True or v is False:
        return b"\xf5" if v else b"\xf4"
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        b = v.encode()
        return head(3, len(b)) + b
    if isinstance(v, Map):
        return head(5, len(v)) + b"".join(cbor(k) + cbor(x) for k, x in v)
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(cbor(x) for x in v)
    if isinstance(v, Tag):
        return head(6, v.number) + cbor(v.value)
    raise TypeError(v)


def sign1(payload):
    return cbor(Tag(18, [cbor(Map([(1, -7)])), Map([(4, b"keyid-08")]), payload, b"s" * 64]))


CLAIMS = Map([(2, "pump"), (6, 1767225600), (7, bytes(range(8))), (-70001, bytes(range(12))),
              (-70002, 3), (-70003, "order-7"), (-70004, b"\xd1" * 32), (-70005, "SN \u00fc"), (-70006, 0)])
FIRMWARE = [(1, "pump"), (2, "1.0"), (3, 3), (4, b"\xd1" * 32),
            (5, [[0x08000000, 2048], [0x08001000, 100]])]
HEADER = FIRMWARE + [(6, 1024), (7, 3), (8, [[0x40022020, 255, 187]]), (9, 1)]


def record(kind, data):
    r = struct.pack("<IHH", 0x544E4753, kind, len(data)) + data
    return r + b"\xff" * (-len(r) % 8)


def hex_line(kind, offset, data):
    r = bytes([len(data)]) + offset.to_bytes(2, "big") + bytes([kind]) + data
    return ":%s%02X\n" % (r.hex().upper(), -sum(r) & 255)


def s_line(kind, address, size, data=b""):
    r = bytes([size + len(data) + 1]) + address.to_bytes(size, "big") + data
    return "S%d%s%02X\n" % (kind, r.hex().upper(), ~sum(r) & 255)


def elf(segments, sections=()):
    """Segments: (offset or None, paddr, bytes)."""
    at = 52 + 32 * len(segments) + 40 * len(sections)
    body, table = b"", b""
    for offset, paddr, data in segments:
        table += struct.pack("<8I", 1, at + len(body) if offset is None else offset, paddr, paddr,
                             len(data), len(data) + 8, 5, 4)
        if offset is None:
            body += data
    names = b"".join(struct.pack("<10I", 0, 1, 2, 0, o, n, 0, 0, 1, 0) for o, n in sections)
    e = b"\x7fELF\1\1\1".ljust(16, b"\0") + struct.pack(
        "<HHIIIIIHHHHHH", 2, 40, 1, 0, 52, 52 + 32 * len(segments), 0, 52, 32, len(segments),
        40, len(sections), 0)
    return e + table + names + body


def hello_seeds():
    words = b"".join(struct.pack("<II", 0x40022020 + 4 * i, i) for i in range(3))
    keys = b"".join(bytes([i]) * 32 for i in range(5))
    patches = struct.pack("<IH", 0x08000010, 2) + b"SN" + struct.pack("<IH", 0x08001000, 1) + b"x"
    segments = struct.pack("<BIIII", 2, 0x08000000, 2048, 0x08001000, 100)
    head = b"\x02\x01" + keys + struct.pack("<III", 1024, 0x20010000, 0x08000101)
    seeds = {
        "hello": b"\x00\x01" + b"po-1001".ljust(32, b"\0") + struct.pack("<QI", 42, 1) + b"c" * 32,
        "hello-name": b"\x00\x01" + b"Po".ljust(32, b"\0") + struct.pack("<QI", 42, 1) + b"c" * 32,
        "claim": b"\x01\x01\x03\x0c" + bytes(range(12)) + b"\x03" + words + struct.pack("<IIII", 1024, 2, 9, 0),
        "claim-nrf51": b"\x01\x01\x04\x08" + bytes(range(8)) + bytes(4) + b"\0" + bytes(16),
        "delivery": head + segments + struct.pack("<H", 0),
        "delivery-patches": head + segments + struct.pack("<H", len(patches)) + patches,
        "delivery-outside": head + segments + struct.pack("<HIH", 7, 0x08001064, 1) + b"x",
        "report": b"\x03\x01" + b"d" * 32 + b"\x03" + words,
        "commit": b"\x04\x01" + struct.pack("<H", 16) + b"c" * 16 + struct.pack("<H", 24) + b"f" * 24,
        "commit-odd": b"\x04\x01" + struct.pack("<H", 9) + b"c" * 9 + struct.pack("<H", 24) + b"f" * 24,
    }
    return seeds


def link_frame(kind, index, body):
    head = struct.pack("<BHH", kind, index, len(body))
    check = struct.pack("<H", binascii.crc_hqx(head, 0xFFFF))
    return b"\xa5" + head + check + body + struct.pack("<I", binascii.crc32(body))


def link_seeds():
    frame = link_frame(3, 7, bytes(range(40)))
    return {
        "data": frame,
        "two": frame + link_frame(0x83, 8, b""),
        "noise": b"\xa5\xa5\x03\x07" + frame,
        "damaged": frame[:20] + b"!" + frame[21:] + frame,
        "largest": link_frame(3, 0xFFFF, b"x" * 2048),
        "too-large": b"\xa5" + struct.pack("<BHHH", 3, 0, 2049, binascii.crc_hqx(struct.pack("<BHH", 3, 0, 2049), 0xFFFF)),
        "hello": link_frame(1, 0, b"h" * 77),
    }


def noise_seeds():
    """The messages of fuzz_noise's fixed keys: only the tool can make them."""
    def pad(text):
        return text.encode().ljust(32).hex()
    s, e1, e2 = (pad("signet fuzz: " + t) for t in ("the static key", "ephemeral key one", "ephemeral key two"))
    text = b"payload".ljust(20, b"\0").hex()
    seeds = {"short": b"\0" * 48, "zeros-1": b"\0" * 69, "zeros-2": b"\2" + b"\0" * 68}
    for name, psk in (("nk", "-"), ("psk0", pad("signet fuzz: the shared secret"))):
        def tool(*lines):
            out = subprocess.run(["build/host/noise_tool"], input="\n".join(lines), text=True, capture_output=True, check=True)
            return out.stdout.split()
        prologue = b"fuzz".hex()
        # the public half: message 1 of a handshake begins with it
        public = tool("initiator - %s -" % ("09" + "00" * 31), "write %s -" % s)[1][:64]
        m1 = tool("initiator %s %s %s" % (prologue, public, psk), "write %s %s" % (e1, text))[1]
        m2 = tool("responder %s %s %s" % (prologue, s, psk), "read " + m1, "write %s %s" % (e2, text))[2]
        flag = 0 if psk == "-" else 1
        for kind, m in (("m1", bytes([flag]) + bytes.fromhex(m1)), ("m2", bytes([flag | 2]) + bytes.fromhex(m2))):
            seeds[name + "-" + kind] = m
            seeds[name + "-" + kind + "-altered"] = m[:60] + b"!" + m[61:]
    return seeds


def usbredir_seeds():
    """What a guest sends (usbredir protocol 0.7), with 64-bit ids."""
    def packet(kind, ident, head, data=b"", wide=True):
        body = head + data
        size = struct.pack("<II", kind, len(body))
        return size + struct.pack("<Q" if wide else "<I", ident) + body

    # all capabilities but bulk streams and bulk receiving
    hello = packet(0, 0, b"guest".ljust(64, b"\0") + struct.pack("<I", 0b1111110), wide=False)

    def control(ident, kind, request, value, index, length):
        return packet(100, ident, struct.pack("<BBBBHHH", kind & 0x80, request, kind, 0, value, index, length))

    def bulk(ident, ep, length, data=b""):
        return packet(101, ident, struct.pack("<BBHIH", ep, 0, length, 0, 0), data)

    def report(ident, data):
        return packet(103, ident, struct.pack("<BBH", 0x02, 0, len(data)), data)

    def ask(ident, data):
        return bulk(ident, 0x01, len(data), data) + bulk(ident + 1, 0x81, 512)

    descriptors = b"".join(control(i, k, r, v, x, 255 if k & 0x80 else 0) for i, (k, r, v, x) in enumerate([
        (0x80, 6, 0x0100, 0), (0x80, 6, 0x0200, 0), (0x80, 6, 0x0300, 0), (0x80, 6, 0x0303, 0x409),
        (0x80, 6, 0x0F00, 0), (0xC0, 0x20, 0, 7), (0x81, 6, 0x2200, 1), (0x21, 10, 0, 1), (0x80, 0, 0, 0)]))
    settings = (packet(6, 1, b"\1") + packet(7, 2, b"") + packet(9, 3, b"\1\0") + packet(10, 4, b"\1") +
                packet(12, 5, b"\x83\1\1") + packet(13, 6, b"\x83") + packet(3, 0, b""))
    connect = ask(1, b"\2\1") + ask(3, b"\x12\x38" + b"\xff" * 7) + ask(5, b"\x12\x10\x9e\xe7")
    transfer = ask(7, b"\x12\x40" + b"\xff" * 7 + b"\0") + ask(9, b"\5\0\1\2")
    hid = packet(15, 1, b"\x82") + report(2, b"\0\xff".ljust(64, b"\0")) + packet(16, 3, b"\x82")
    return {
        "hello": hello,
        "descriptors": hello + descriptors,
        "settings": hello + settings,
        "bulk": hello + connect + transfer,
        "queue": hello + ask(1, b"\x7e\1\0\xfe") + ask(3, b"\0\xfe"),
        "cancel": hello + bulk(1, 0x81, 512) + packet(21, 1, b""),
        "hid": hello + hid,
        "filter": hello + packet(23, 0, b"-1,-1,-1,-1,1\0") + packet(22, 0, b""),
        "too_long": hello + ask(1, b"\0" * 1500),
        "cut": (hello + connect)[:-3],
        "no_hello": descriptors,
    }


def cache_file(header, firmware, chunks=2148 + 3 * 16, version=b"1.0"):
    # of HEADER: 2148 bytes in chunks of 1024
    rest = version.ljust(32, b"\0") + struct.pack("<III", len(header), len(firmware), chunks)
    rest += header + firmware + b"c" * chunks
    return b"SGNTREL1" + hashlib.sha256(rest).digest() + rest


def main():
    credential = sign1(cbor(CLAIMS))
    header, firmware = cbor(Map(HEADER)), cbor(Map(FIRMWARE))
    release = cbor(["signet-release-v1", sign1(header), sign1(firmware), b"e" * 32, b"x" * 40])
    data = bytes(range(16))
    end = hex_line(1, 0, b"")
    seeds = {
        "fuzz_cbor": {
            "integers": cbor([0, 23, 24, 255, 256, 65535, 65536, 2**32, 2**64 - 1, -1, -24, -25, -2**63]),
            "nested": cbor([[], [[True, False]], Map([(0, Map([(-1, b"")])), (24, "\u00fc\u6c34\U00010151")])]),
            "tagged": cbor(Tag(18, Tag(2**32, b"x" * 30))),
            "long-text": cbor("t" * 300),
            "credential": credential,
            "not-shortest": b"\x82\x18\x17\x00",
            "indefinite": b"\x9f\x00\xff",
            "bad-utf8": b"\x62\xc3\x28",
            "keys-swapped": cbor(Map([(-1, 0), (1, 0)])),
            "float": b"\xfb\x40\x09\x21\xfb\x54\x44\x2d\x18",
            "huge-length": b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        },
        "fuzz_credential": {
            "whole": credential,
            "without-serial": sign1(cbor(Map([p for p in CLAIMS if p[0] != -70005]))),
            "claims": cbor(CLAIMS),
            "unknown-claim": sign1(cbor(Map(CLAIMS + [(-70007, 1)]))),
            "no-proof": sign1(cbor(Map(CLAIMS[:-1]))),
            "long-kid": cbor(Tag(18, [b"\xa1\x01\x26", Map([(4, b"123456789")]), b"", b"s" * 64])),
            "es384": cbor(Tag(18, [b"\xa1\x01\x38\x22", Map([(4, b"12345678")]), b"", b"s" * 64])),
        },
        "fuzz_release": {
            "file": release, "header": header, "firmware": firmware,
            "header-no-options": cbor(Map(HEADER[:7] + [(8, []), (9, 0)])),
            "overlap": cbor(Map(FIRMWARE[:4] + [(5, [[0, 9], [8, 8]])])),
            "sixteen": cbor(Map(FIRMWARE[:4] + [(5, [[i * 32, 16] for i in range(16)])])),
            "version-2": cbor(["signet-release-v2", b"h", b"f", b"e" * 32, b"x" * 40]),
        },
        "fuzz_cache": {
            "whole": b"0" + cache_file(sign1(header), sign1(firmware)),
            "wrong-sum": b"0" + cache_file(sign1(header), sign1(firmware)).replace(b"c", b"d"),
            "other-image": b"1" + cache_file(sign1(header), sign1(firmware.replace(b"\xd1", b"\xd2"))),
            "chunk-short": b"1" + cache_file(sign1(header), sign1(firmware), 2148 + 3 * 16 - 1),
            "open-version": b"1" + cache_file(sign1(header), sign1(firmware), version=b"v" * 32),
            "lengths": b"1" + b"SGNTREL1" + b"\0" * 64 + b"\xff" * 12,
            "cut": b"1" + cache_file(sign1(header), sign1(firmware))[:100],
        },
        "fuzz_record": {
            "credential": record(2, credential),
            "firmware-in-place": record(1, b"abc").ljust(512, b"\xff"),
            "erased": b"\xff" * 64,
            "empty": record(1, b""),
            "too-long": struct.pack("<IHH", 0x544E4753, 1, 600) + b"x" * 40,
            "torn": b"\xff" * 8 + b"x" * 8,
        },
        "fuzz_hello": hello_seeds(),
        "fuzz_noise": noise_seeds(),
        "fuzz_link": link_seeds(),
        "fuzz_vmcu_usbredir": usbredir_seeds(),
        "fuzz_image": {
            "linear.hex": hex_line(4, 0, b"\x08\0") + hex_line(0, 0, data) + hex_line(0, 32, data)
            + hex_line(5, 0, b"\x08\0\0\1") + end,
            "segmented.hex": hex_line(2, 0, b"\x12\0") + hex_line(0, 0xFFF8, data)
            + hex_line(3, 0, b"\0\0\x38\0") + end,
            "overlap.hex": hex_line(0, 0, data) + hex_line(0, 8, data) + end,
            "no-end.hex": hex_line(0, 0, data),
            "unknown.hex": hex_line(6, 0, data) + end,
            "wide.s19": s_line(0, 0, 2, b"hello") + s_line(3, 0x08000000, 4, data)
            + s_line(5, 1, 2) + s_line(7, 0x08000001, 4),
            "narrow.s19": s_line(1, 0x1000, 2, data) + s_line(2, 0x80000, 3, data) + s_line(6, 2, 3)
            + s_line(9, 0, 2),
            "miscounted.s19": s_line(1, 0, 2, data) + s_line(5, 7, 2) + s_line(9, 0, 2),
            "two.elf": elf([(None, 0x08000000, data), (None, 0x08000100, b"data")]),
            "header-loaded.elf": elf([(0, 0x08000000, b"x" * 140)], [(132, 8)]),
            "far.elf": elf([(0xFFFFFFF0, 0x08000000, data)]),
            "raw.bin": b"\0\x20\0\x20\x41\0\0\x08" + data,
        },
    }
    for target, files in seeds.items():
        folder = os.path.join("tests", "corpus", target)
        os.makedirs(folder, exist_ok=True)
        for name, content in files.items():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(content.encode() if isinstance(content, str) else content)


main()
