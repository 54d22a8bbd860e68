"""Runs a program of the README with a delivery, at the delivery's time: `python3 readme.py PROGRAM DELIVERY`."""

import json
import pathlib
import runpy
import sys
import time


def handle(event):
    if type(event).__name__ == "AlertResolved":
        print(event.data.alertId)


def keep(entry):
    print("kept", entry["id"])


delivery = json.loads(pathlib.Path(sys.argv[2]).read_text())
given = {
    "handle": handle,
    "keep": keep,
    "headers": delivery["headers"],
    "body": bytes(delivery["body"]),
    "keys": {key: secret.encode() for key, secret in delivery["keys"].items()},
}
time.time = lambda: delivery["now"]
runpy.run_path(sys.argv[1], given)
