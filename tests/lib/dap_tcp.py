# SPDX-License-Identifier: MIT
"""CMSIS-DAP over TCP, for those who stand between a station and signet-vmcu."""
import os
import socket
import struct

MAGIC, REQUEST, RESPONSE = 0x00504144, 1, 2
ABORT = 0x07


def receive(s):
    """A packet, or None when the other end has gone."""
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


def send(s, packet, kind):
    s.sendall(struct.pack("<IHBB", MAGIC, len(packet), kind, 0) + packet)


class Probe:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.s = socket.create_connection((host, int(port)))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, packet):
        send(self.s, packet, REQUEST)
        return None if packet[0] == ABORT else receive(self.s)


def listen(port, ready):
    """Writes "127.0.0.1:PORT" into the file ready."""
    server = socket.create_server(("127.0.0.1", port))
    with open(ready + ".new", "w") as f:
        f.write("127.0.0.1:%d\n" % server.getsockname()[1])
    os.rename(ready + ".new", ready)
    return server


def pass_by(server, address, exchange):
    """One station after the other: exchange(probe, packet) gives the answer."""
    station, _ = server.accept()
    station.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    probe = Probe(address)
    try:
        while (packet := receive(station)) is not None:
            answer = exchange(probe, packet)
            if answer is not None:
                send(station, answer, RESPONSE)
    except (ConnectionResetError, BrokenPipeError):
        pass # it was killed
    finally:
        probe.s.close()
        station.close()
