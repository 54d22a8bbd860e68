# The peer in the benchmark: verifies the HMAC, stores the entries of a delivery in one transaction
# with synchronous = FULL, and then answers 200. It is one process, on uvloop.

import hashlib
import hmac
import json
import os
import socket
import sqlite3
import sys
import time

import uvicorn
from fastapi import FastAPI, Request, Response

SECRET = os.environ["SECRET"].encode()

db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.execute(
    """CREATE TABLE IF NOT EXISTS entries (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  spektr_id TEXT,
  type TEXT,
  state TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  raw TEXT NOT NULL
)"""
)

app = FastAPI(openapi_url=None)


@app.post("/webhooks/spektr")
async def receive(request: Request) -> Response:
    body = await request.body()
    timestamp = request.headers.get("x-signature-timestamp", "")
    given = request.headers.get("x-signature", "")
    right = hmac.new(SECRET, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    is_recent = timestamp.isdigit() and abs(time.time() - int(timestamp)) <= 300
    if not hmac.compare_digest(given.encode(), right.encode()) or not is_recent:
        return Response(status_code=401)
    now = int(time.time() * 1000)
    db.execute("BEGIN IMMEDIATE")
    db.executemany(
        """INSERT INTO entries (id, spektr_id, type, state, received_at, raw)
           VALUES (?, ?, ?, 'pending', ?, ?) ON CONFLICT (id) DO NOTHING""",
        [
            (entry["id"], entry["spektrId"], entry["type"], now, json.dumps(entry))
            for entry in json.loads(body)["results"]
        ],
    )
    db.execute("COMMIT")
    return Response(status_code=200)


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1024)
print("127.0.0.1:%d" % listener.getsockname()[1], flush=True)
server = uvicorn.Server(
    uvicorn.Config(app, loop="uvloop", http="httptools", log_level="warning", access_log=False)
)
server.run(sockets=[listener])
