"""A tiny service: stdlib only, on a unix socket or a port, with the manners and mishaps the tests ask for."""

import http.server
import json
import os
import signal
import socketserver
import sys
import threading
import time
from pathlib import Path

NAME = os.environ.get("NAME", "?")
BEGAN = time.monotonic()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/readyz":
            ready = time.monotonic() - BEGAN >= float(os.environ.get("READY_AFTER", "0"))
            return self.answer(200 if ready else 503, b"")
        if self.path == "/crash":
            os._exit(7)
        if self.path == "/slow":
            print("A slow request has arrived.", flush=True)
            time.sleep(1)
        if self.path == "/environment":
            return self.answer(200, json.dumps(dict(os.environ)).encode())
        return self.answer(200, NAME.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/fill":
            try:
                with Path(os.environ["DATA"], self.headers["File"]).open("ab", buffering=0) as file:
                    file.write(bytes(1 << 20))
            except OSError:
                return self.answer(503, b"The database is busy or away; try again.")
        return self.answer(201, NAME.encode() + b" " + body)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "router"

    def log_message(self, *_):
        pass


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


def end_politely(server):
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.02)


if __name__ == "__main__":
    print(os.environ.get("SAY", "hello"), flush=True)
    if "NEST" in os.environ:
        here = Path.cwd()
        os.chdir(Path(os.environ["SOCKET"]).parent)
        for _ in range(int(os.environ["NEST"])):
            Path("d").mkdir()
            os.chdir("d")
        os.chdir(here)
    if "FAIL" in os.environ:
        print("cannot go on: " + os.environ["FAIL"], file=sys.stderr, flush=True)
        sys.exit(3)
    if "SOCKET" in os.environ:
        end_politely(UnixServer(os.environ["SOCKET"], Handler))
    else:
        end_politely(http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler))
