"""A real HTTP server on loopback that takes webhooks, and verifies them by the specification alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Endpoint:
    """Keeps what came. Answers 204, or what `answers` says next: a status, (status, headers, body), or seconds to stall."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.came: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""

    def bodies(self) -> list[dict[str, Any]]:
        """What was said, in its order."""
        return [json.loads(body) for _, _, body in self.came]

    def verified(self, secret: str) -> list[str]:
        """The ids of all that came whose signature this secret verifies, as a receiver would do it."""
        key = base64.b64decode(secret.split("_", 1)[1])
        found = []
        for _, head, body in self.came:
            content = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
            own = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
            parts = [one.split(",", 1) for one in head["webhook-signature"].split(" ")]
            if any(version == "v1" and hmac.compare_digest(own, theirs) for version, theirs in parts):
                found.append(head["webhook-id"])
        return found


@contextmanager
def listening() -> Iterator[Endpoint]:
    """An endpoint on a free port of loopback."""
    endpoint, stopped = Endpoint(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            endpoint.came.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            answer = endpoint.answers.pop(0) if endpoint.answers else 204
            if isinstance(answer, float):
                stopped.wait(answer)
                return
            status, head, text = answer if isinstance(answer, tuple) else (answer, {}, b"")
            self.send_response(status)
            for name, value in head.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/season"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield endpoint
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
