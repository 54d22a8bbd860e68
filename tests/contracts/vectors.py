"""Runs the vectors of spektr-verify through `verify.py`: `python3 vectors.py VECTORS`, with the
verifier's folder on PYTHONPATH. Prints each vector's name with the verdict and the
number of entries."""

import base64
import json
import pathlib
import sys

from verify import verify

SECRETS = {"utf8": str.encode, "hex": bytes.fromhex, "base64": base64.b64decode}

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    vector = json.loads(path.read_text())
    now = vector["now"]
    secrets = {
        key["id"]: SECRETS[key["encoding"]](key["secret"])
        for key in vector["keys"]
        if key.get("not_before", 0) <= now <= key.get("not_after", now)
    }
    form = "" if vector["signature_format"] == "hex" else "sha256="
    # WSGI servers join the values of a repeated header.
    headers = {}
    for name, value in vector["headers"]:
        name = name.lower()
        value = value.removeprefix(form) if name == "x-signature" else value
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    before = vector["signed_content"].replace("{body}", "").replace("\\n", "\n")
    before = before.replace("{timestamp}", "{time}")
    try:
        entries = verify(headers, base64.b64decode(vector["body_base64"]), secrets, now, before)
        verdict = f"accepted {len(entries)}"
    except (json.JSONDecodeError, UnicodeDecodeError):
        # A body that is not JSON is authentic.
        verdict = "accepted null"
    except ValueError as error:
        verdict = "rejected" if str(error) == "not authentic" else repr(error)
    print(path.name, verdict)
