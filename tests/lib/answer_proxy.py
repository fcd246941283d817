# SPDX-License-Identifier: MIT
"""A server between station and signetd that alters its answers.

python3 answer_proxy.py DIR HOST:PORT READY [RULE...]

DIR has what only the owner's site has (proxy.crt, proxy.key: a certificate of
the server's own CA, ca.crt) and what the station has (station.crt,
station.key).  Writes its port into READY; the last answer to each operation
goes into DIR/answer-OP.json.

A RULE is OP:WHICH:DO.  OP is the end of the path (grants, handshake,
installed, loader, release), WHICH the number of the answer (from 0) or "*".
DO is cut (the first half of it), lose (the server has done it, nobody hears),
flip=FIELD (a bit in the middle of its bytes), set=FIELD=TEXT, from=FILE,
field=FIELD=FILE (the field of another answer), or hold=FILE (before it is passed
on to the server: writes FILE.held, and waits for FILE).
"""
import base64
import http.client
import http.server
import json
import os
import ssl
import sys
import threading
import time

folder, upstream, ready = sys.argv[1:4]
rules = [r.split(":", 2) for r in sys.argv[4:]]
seen = {}
lock = threading.Lock()


def path(name):
    return os.path.join(folder, name)


def flip(text):
    if all(c in "0123456789abcdef" for c in text):
        at = len(text) // 2
        return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:]
    raw = bytearray(base64.b64decode(text, validate=True))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(raw).decode()


def alter(body, do):
    verb, _, arg = do.partition("=")
    if verb == "cut":
        return body[:len(body) // 2]
    if verb == "from":
        return open(arg, "rb").read()
    answer = json.loads(body)
    name, _, value = arg.partition("=")
    if verb == "flip":
        answer[name] = flip(answer[name])
    elif verb == "set":
        answer[name] = type(answer[name])(value)
    elif verb == "field":
        answer[name] = json.load(open(value))[name]
    else:
        sys.exit("no such rule: " + do)
    return json.dumps(answer).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def pass_on(self):
        op = self.path.partition("?")[0].rpartition("/")[2]
        with lock:
            n = seen[op] = seen.get(op, -1) + 1
        todo = [r[2] for r in rules if r[0] == op and r[1] in ("*", str(n))]
        for do in todo:
            if do.startswith("hold="):
                open(do[5:] + ".held", "w").close()
                while not os.path.exists(do[5:]):
                    time.sleep(0.02)
        context = ssl.create_default_context(cafile=path("ca.crt"))
        context.load_cert_chain(path("station.crt"), path("station.key"))
        server = http.client.HTTPSConnection(upstream, context=context, timeout=60)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.request(self.command, self.path, body, {"Content-Type": "application/json"})
        answer = server.getresponse()
        text = answer.read()
        if answer.status == 200:
            with open(path("answer-%s.json" % op), "wb") as f:
                f.write(text)
            for do in todo:
                if do == "lose":
                    self.close_connection = True
                    return
                if not do.startswith("hold="):
                    text = alter(text, do)
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = pass_on


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(path("proxy.crt"), path("proxy.key"))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(ready + ".new", "w") as f:
    f.write("%d\n" % server.server_address[1])
os.rename(ready + ".new", ready)
server.serve_forever()
