"""The shop that the examples call: `python demo_service.py PORT`. Standard library only.

GET  /items/NAME   the price; 404 for what it does not have; 503 the first time that tea is asked for
POST /charges      a receipt
"""

import json
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

PRICES: Final = {"tea": 450, "honey": 720, "bread": 380}


class Shop(BaseHTTPRequestHandler):
    """Answers in JSON."""

    protocol_version = "HTTP/1.1"
    calls = 0
    asked_for_tea = False

    def do_GET(self) -> None:
        """Answer with an item."""
        item = self.path.removeprefix("/items/")
        if item == "tea" and not Shop.asked_for_tea:
            Shop.asked_for_tea = True
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "the shop opens in a second"})
        elif item in PRICES:
            self._answer(HTTPStatus.OK, {"item": item, "price_cents": PRICES[item]})
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"error": f"we have no {item}"})

    def do_POST(self) -> None:
        """Charge somebody."""
        order = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        Shop.calls += 1
        receipt = f"R-{order['order']}-{Shop.calls}"
        self._answer(HTTPStatus.CREATED, {"receipt": receipt, "amount_cents": order["amount_cents"]})

    def _answer(self, code: HTTPStatus, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve on loopback until stopped."""
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()


if __name__ == "__main__":
    main()
