#!/usr/bin/env python3
"""Writes constructions.tsv: one delivery, signed in every way that `diagnose` tries
and in a few that it does not.

    python3 constructions.py > constructions.tsv

The MACs come from Python's hmac module, and this script fills in the templates. So no
MAC agrees with the library only because both share code.
"""

import base64
import hashlib
import hmac
import re

TIMESTAMP = "1731057600"
# Has every character that a header can carry and that a careless reader could misread.
KEY_ID = "k:hex=1,\"'{body}\\n%~"
# Valid as text, as hexadecimal digits and as Base64.
SECRET = "6d61726b65726d61"
# Bytes that are not UTF-8 and contain texts like placeholders.
BODY = b'{"results":[]}\r\n\x00\xff{timestamp}.{body}'

KEYS = {
    "utf8": SECRET.encode(),
    "hex": bytes.fromhex(SECRET),
    "base64": base64.b64decode(SECRET),
}
ORDERS = [
    "{timestamp} {body}",
    "{body} {timestamp}",
    "{key_id} {body}",
    "{body} {key_id}",
    "{key_id} {timestamp} {body}",
    "{timestamp} {key_id} {body}",
    "{timestamp} {body} {key_id}",
    "{body} {timestamp} {key_id}",
    "{body} {key_id} {timestamp}",
]
SEPARATORS = [".", "", ":", ",", ";", "|", "-", "_", "/", " ", "\\n"]
UNUSUAL = [
    "v0:{timestamp}:{body}",
    "{timestamp}{timestamp}.{body}.{key_id}{key_id}",
    "POST /webhooks?a=b&c=%20\\n\\n{body}~",
]


def signed(template):
    values = {"timestamp": TIMESTAMP.encode(), "key_id": KEY_ID.encode(), "body": BODY}
    parts = re.split(r"\{(timestamp|key_id|body)\}", template)
    literals = [part.replace("\\n", "\n").encode() for part in parts]
    return b"".join(values[part] if at % 2 else literals[at] for at, part in enumerate(parts))


def main():
    for name, value in [("timestamp", TIMESTAMP), ("key_id", KEY_ID), ("secret", SECRET)]:
        print(f"# {name}\t{value}")
    print(f"# body\t{base64.b64encode(BODY).decode()}")
    tried = ["{body}"] + [order.replace(" ", with_) for order in ORDERS for with_ in SEPARATORS]
    for kind, templates in [("diagnosed", tried), ("configured", UNUSUAL)]:
        for template in templates:
            for encoding, key in KEYS.items():
                mac = hmac.new(key, signed(template), hashlib.sha256).hexdigest()
                print(f"{kind}\t{encoding}\t{template}\t{mac}")


main()
