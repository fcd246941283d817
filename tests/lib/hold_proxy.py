# SPDX-License-Identifier: MIT
"""Stops a station at a phase of its job, whatever the machine's speed.

python3 hold_proxy.py HOST:PORT READY ORDERS

Stands between signet-flasher and the CMSIS-DAP TCP port of signet-vmcu and
passes every packet on.  Writes its port into READY.  While there is a file
ORDERS, of three lines, the station's output file, a regular expression and a
number, each packet waits until that output was looked at: if it matches, and so
many packets have gone by since it did, the process whose number is in
ORDERS.pid is stopped (SIGSTOP), and ORDERS becomes ORDERS.met.  A station says
its phase before it does anything for it: so it stands still at the phase's
first exchange, until SIGCONT; the answer is waiting for it then.
"""
import os
import re
import signal
import sys
import time

from dap_tcp import listen, pass_by

address, ready, orders = sys.argv[1:4]


def stop():
    while True:  # it may have been faster than who notes its number
        try:
            pid = int(open(orders + ".pid").read())
            break
        except (FileNotFoundError, ValueError):
            time.sleep(0.01)
    os.kill(pid, signal.SIGSTOP)
    while True:
        state = open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()[0]
        if state in "TtZX":
            break
        time.sleep(0.001)
    os.rename(orders, orders + ".met")


matched = 0


def exchange(probe, packet):
    global matched
    if os.path.exists(orders):
        output, pattern, after = open(orders).read().splitlines()
        if re.search(pattern, open(output).read(), re.M):
            matched += 1
            if matched > int(after):
                matched = 0
                stop()
    return probe.ask(packet)


server = listen(0, ready)
while True:
    pass_by(server, address, exchange)
