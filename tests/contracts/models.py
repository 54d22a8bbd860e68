"""Reads bodies as the generated types: `python3 models.py BODIES`, with the types' folder on
PYTHONPATH. Each body has the class that it must parse as, or no class if every class must refuse it.
Prints the bodies that are read otherwise than expected."""

import json
import pathlib
import sys

import pydantic
from spektr import Entry

bodies = json.loads(pathlib.Path(sys.argv[1]).read_text())
for body in bodies:
    try:
        found = type(Entry.model_validate(body["body"]).root).__name__
    except pydantic.ValidationError:
        found = None
    if found != body["class"]:
        print(f"{body['name']}: {found} instead of {body['class']}")
print(len(bodies), "bodies")
