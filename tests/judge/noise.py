# SPDX-License-Identifier: MIT
"""python3-dissononce as the other end of tests/tools/noise_tool.

python3 noise.py NOISE_TOOL: NK and NKpsk0, either role, fresh keys; a message
with one bit turned must be refused by whoever reads it.
"""
import os
import subprocess
import sys

from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.keypair import KeyPair
from dissononce.dh.x25519.private import PrivateKey
from dissononce.dh.x25519.public import PublicKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.NK import NKHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState
from dissononce.processing.modifiers.psk import PSKPatternModifier


class Tool:
    def __init__(self, path):
        self.p = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.p.stdin.write(" ".join(w if isinstance(w, str) else w.hex() or "-" for w in words) + "\n")
        self.p.stdin.flush()
        return self.p.stdout.readline().split()

    def bytes(self, *words):
        answer = self.ask(*words)
        if answer[0] == "error":
            raise ValueError(answer[1])
        return b"" if answer[0] == "-" else bytes.fromhex(answer[0])


def expect(what, ok):
    if not ok:
        sys.exit("FAILED: " + what)


def state():
    return HandshakeState(SymmetricState(CipherState(ChaChaPolyCipher()), SHA256Hash()), X25519DH())


def pattern(psk):
    nk = NKHandshakePattern()
    return PSKPatternModifier(0).modify(nk) if psk else nk


def flip(message, at):
    b = bytearray(message)
    b[at % len(b)] ^= 1 << (at % 8)
    return bytes(b)


def transport(tool, send, receive, keys):
    """send and receive are the judge's; keys the tool's, in that order."""
    for n in range(5):
        text = os.urandom(n * 17)
        sealed = send.encrypt_with_ad(b"", text)
        expect("open", tool.bytes("open", keys[0], n.to_bytes(8, "big"), sealed) == text)
        sealed = tool.bytes("seal", keys[1], n.to_bytes(8, "big"), text)
        expect("judge's open", receive.decrypt_with_ad(b"", sealed) == text)
    answer = tool.ask("open", keys[0], (5).to_bytes(8, "big"), flip(send.encrypt_with_ad(b"", b"text"), 3))
    expect("altered transport message: %s" % answer, answer == ["error", "E_DECRYPT"])


def we_initiate(tool, psk, prologue, texts):
    static = X25519DH().generate_keypair()
    judge = state()
    judge.initialize(pattern(psk), False, prologue, s=static, psks=[psk] if psk else None)
    expect("start", tool.ask("initiator", prologue, static.public.data, psk or b"") == ["ok"])
    got = bytearray()
    judge.read_message(tool.bytes("write", os.urandom(32), texts[0]), got)
    expect("payload 1", bytes(got) == texts[0])
    message = bytearray()
    ciphers = judge.write_message(texts[1], message)
    for at in range(0, len(message), 5):
        answer = tool.ask("read", flip(message, at))
        expect("altered message 2: %s" % answer, answer[0] == "error")
    expect("payload 2", tool.bytes("read", bytes(message)) == texts[1])
    k1, k2, h = tool.ask("split")
    expect("hash", judge.symmetricstate.get_handshake_hash().hex() == h)
    transport(tool, ciphers[1], ciphers[0], (k2, k1))


def we_respond(tool, psk, prologue, texts):
    secret = os.urandom(32)
    public = X25519DH().generate_keypair(PrivateKey(secret)).public
    judge = state()
    judge.initialize(pattern(psk), True, prologue, rs=PublicKey(public.data), psks=[psk] if psk else None)
    expect("start", tool.ask("responder", prologue, secret, psk or b"") == ["ok"])
    message = bytearray()
    judge.write_message(texts[0], message)
    for at in range(0, len(message), 5):
        answer = tool.ask("read", flip(message, at))
        expect("altered message 1: %s" % answer, answer[0] == "error")
    expect("payload 1", tool.bytes("read", bytes(message)) == texts[0])
    got = bytearray()
    ciphers = judge.read_message(tool.bytes("write", os.urandom(32), texts[1]), got)
    expect("payload 2", bytes(got) == texts[1])
    k1, k2, h = tool.ask("split")
    expect("hash", judge.symmetricstate.get_handshake_hash().hex() == h)
    transport(tool, ciphers[0], ciphers[1], (k1, k2))


def main():
    tool = Tool(sys.argv[1])
    done = 0
    for n in range(8):
        for psk in (None, os.urandom(32)):
            for role in (we_initiate, we_respond):
                role(tool, psk, os.urandom(n * 13), (os.urandom(n * 31), os.urandom(1300 if n == 7 else n * 5)))
                done += 1
    # those who do not agree on the psk do not agree at all
    try:
        we_initiate(Tool(sys.argv[1]), os.urandom(32), b"", (b"", b""))
    except Exception as e:
        sys.exit("FAILED: %s" % e)
    judge = state()
    static = X25519DH().generate_keypair()
    judge.initialize(pattern(b"1" * 32), False, b"", s=static, psks=[b"1" * 32])
    tool.ask("initiator", b"", static.public.data, b"2" * 32)
    try:
        judge.read_message(tool.bytes("write", os.urandom(32), b"x"), bytearray())
    except Exception:
        done += 1
    else:
        sys.exit("FAILED: the judge reads with another psk")
    print("dissononce: %d handshakes" % done)


main()
