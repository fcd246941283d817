# SPDX-License-Identifier: MIT
"""python3-dissononce as the server of a chip with the real loader.

python3 noise_server.py PRIVATE LOADER.BIN PSK COMMAND...: COMMAND is
sealed_tool pipe with the image in the file that is its last word; PSK is "-"
or the chip's stage-0 secret.  Frames go through the station's own code; what
is in them is packed here, from docs/protocol.md.  The whole job: message 1 is
opened, message 2 made, chunks streamed, the report opened, the commit made.
"""
import hashlib
import os
import re
import struct
import subprocess
import sys

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.x25519.private import PrivateKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.NK import NKHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState
from dissononce.processing.modifiers.psk import PSKPatternModifier

HELLO, MSG2, DATA, COMMIT, ASK = 1, 2, 3, 4, 5
MSG1, WANT, REPORT, DONE = 0x82, 0x83, 0x84, 0x85
FLASH, STM32L4 = 0x08000000, 3
CHUNK = int(re.search(r"`SEALED_CHUNK_MAX` \| (\d+)", open("docs/protocol.md").read())[1])
TOP = FLASH + 256 * 1024 - 8192


def expect(what, ok):
    if not ok:
        sys.exit("FAILED: " + what)


class Chip:
    def __init__(self, command):
        self.p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.uid = bytes.fromhex(self.line()[1])

    def line(self):
        words = self.p.stdout.readline().split()
        expect("the chip's end: %s" % words, words and words[0] != "FAIL")
        return words

    def say(self, kind, index=0, body=b""):
        self.p.stdin.write("%d %d %s\n" % (kind, index, body.hex() or "-"))
        self.p.stdin.flush()
        kind, index, text = self.line()
        return int(kind), int(index), b"" if text == "-" else bytes.fromhex(text)

    def end(self):
        self.p.stdin.close()
        expect("its exit code", self.p.wait(60) == 0)


def responder(private, psk, prologue):
    nk = NKHandshakePattern()
    s = HandshakeState(SymmetricState(CipherState(ChaChaPolyCipher()), SHA256Hash()), X25519DH())
    s.initialize(PSKPatternModifier(0).modify(nk) if psk else nk, False, prologue,
                 s=X25519DH().generate_keypair(PrivateKey(private)), psks=[psk] if psk else None)
    return s


def handshake(chip, private, psk, digest, delivery):
    """The transport keys, as dissononce's cipher states."""
    hello = struct.pack("<B32sQI", 1, b"judge", 7, 2) + os.urandom(32)
    kind, _, message1 = chip.say(HELLO, 0, hello)
    expect("message 1", kind == MSG1)
    judge = responder(private, psk, b"signet handshake v1" + hello + chip.uid + digest)
    claim = bytearray()
    judge.read_message(message1, claim)
    expect("claim: version, family, UID", bytes(claim[:3 + len(chip.uid)]) ==
           bytes((1, STM32L4, len(chip.uid))) + chip.uid)
    expect("claim: its length", len(claim) == 32 + 8 * claim[15])
    message2 = bytearray()
    keys = judge.write_message(delivery, message2)
    for at in (0, 40, len(message2) - 1):
        bad = bytearray(message2)
        bad[at] ^= 0x10
        expect("an altered message 2 changes nothing", chip.say(MSG2, 0, bytes(bad)) == (MSG1, 0, message1))
    expect("a chunk before its time changes nothing", chip.say(DATA, 0, bytes(64)) == (MSG1, 0, message1))
    expect("message 2 is taken, chunk 0 wanted", chip.say(MSG2, 0, bytes(message2)) == (WANT, 0, b""))
    return keys


def nonce(n):
    return struct.pack("<IQ", 0, n)


def stream(chip, image, content, link, header):
    count = (len(image) + CHUNK - 1) // CHUNK
    for n in range(count):
        text = image[n * CHUNK:(n + 1) * CHUNK]
        aad = header + struct.pack("<IB", n, n + 1 == count)
        inner = ChaCha20Poly1305(content).encrypt(nonce(n), text, aad)
        answer = chip.say(DATA, n, ChaCha20Poly1305(link).encrypt(nonce(n), inner, None))
        if n + 1 < count:
            expect("chunk %d is taken" % n, answer == (WANT, n + 1, b""))
    while answer[0] == WANT:
        answer = chip.say(ASK)
    expect("the report", answer[0] == REPORT)
    return answer[2]


def record(kind, length):
    text = struct.pack("<4sHH", b"SGNT", kind, length) + os.urandom(length)
    text += b"\xff" * (-len(text) % 8)
    return struct.pack("<H", len(text)) + text


def main():
    private, psk = bytes.fromhex(sys.argv[1]), sys.argv[3]
    psk = None if psk == "-" else bytes.fromhex(psk)
    loader = hashlib.sha256(open(sys.argv[2], "rb").read()).digest()
    chip = Chip(sys.argv[4:])
    image = os.urandom(5 * CHUNK + 40)
    image = struct.pack("<II", 0x2000C000, TOP + 0x1B00 + 1) + image[8:]
    segment = struct.pack("<II", FLASH, len(image))
    digest = hashlib.sha256(b"signet image v1" + segment + image).digest()
    content, link, header = (os.urandom(32) for _ in range(3))
    token = os.urandom(16)
    delivery = b"\x01" + content + link + header + digest + struct.pack(
        "<I16sII", CHUNK, token, 0x20008000, 0x08000101) + b"\xff" * 8 + b"\x01" + segment + struct.pack("<H", 0)
    keys = handshake(chip, private, psk, loader, delivery)
    report = stream(chip, image, content, link, header)
    report = keys[0].decrypt_with_ad(b"", report)
    expect("the report's digest", report[:33] == b"\x01" + digest)
    commit = b"\x01" + record(2, 250) + record(1, 200)
    expect("the commit is taken", chip.say(COMMIT, 0, keys[1].encrypt_with_ad(b"", commit)) == (DONE, 0, token))
    chip.end()
    print("dissononce: a chip installed, %s" % ("NKpsk0" if psk else "NK"))


main()
