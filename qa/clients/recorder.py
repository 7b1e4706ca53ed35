"""A proxy on the loopback that keeps the body of every POST below v1, and serves the pictures that clients name by URL."""

import contextlib
import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PICTURES = Path(__file__).parent.parent / "pictures"


class Recorder:
    """Passes requests on to a node. `bodies`: the last part of the path and what was sent, in order. Use as a context manager."""

    def __init__(self, node: str):
        self.bodies: list[tuple[str, dict]] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path.startswith("/noto/"):
                    return self.answer(200, {"Content-Type": "image/png"}, (PICTURES / self.path[1:]).read_bytes())
                self.forward(None)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                folder, _, endpoint = self.path.rpartition("/")
                if folder.endswith("/v1"):
                    with contextlib.suppress(ValueError):
                        recorder.bodies.append((endpoint, json.loads(body)))
                self.forward(body)

            do_PUT = do_DELETE = do_POST

            def forward(self, body):
                request = urllib.request.Request(node + self.path, data=body, method=self.command)
                request.add_header("Content-Type", self.headers.get("Content-Type", "application/json"))
                try:
                    with urllib.request.urlopen(request) as response:
                        self.answer(response.status, response.headers, response.read())
                except urllib.error.HTTPError as e:
                    self.answer(e.code, e.headers, e.read())

            def answer(self, status, headers, body):
                self.send_response(status)
                for name in ("Content-Type", "Warning"):
                    if name in headers:
                        self.send_header(name, headers[name])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()
