"""A receiver of webhooks in the standard library alone: answers the challenge, checks signatures, prints what came."""

import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PORT, SECRET_FILE = int(sys.argv[1]), Path(sys.argv[2])


def is_proven(headers: dict[str, str], body: bytes) -> bool:
    """True where one of the signatures is ours and the message is at most five minutes old."""
    stamp, secret = headers["webhook-timestamp"], SECRET_FILE.read_text().strip()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{stamp}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers["webhook-signature"].split(" ")
    return abs(time.time() - int(stamp)) < 300 and any(hmac.compare_digest(wanted, one) for one in given)


class Receiver(BaseHTTPRequestHandler):
    """Answers POST; remember each webhook-id in your own database: the same message may come twice."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        message = json.loads(body)
        if message["type"] == "webhook.challenge":
            return self.answer(200, json.dumps({"challenge": message["data"]["challenge"]}))
        proven = is_proven({name.lower(): value for name, value in self.headers.items()}, body)
        sys.stdout.write(f"{self.headers['webhook-id']} {message['type']} {'proven' if proven else 'FORGED'}\n")
        sys.stdout.flush()
        return self.answer(204 if proven else 401, "")

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """What came is printed above."""


HTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
