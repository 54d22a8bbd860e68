// The peer in the benchmark: verifies the HMAC, stores the entries of a delivery in one transaction
// with synchronous = FULL, and then answers 200.

const crypto = require("node:crypto");
const Database = require("better-sqlite3");
const express = require("express");

const db = new Database(process.argv[2]);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`CREATE TABLE IF NOT EXISTS entries (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  spektr_id TEXT,
  type TEXT,
  state TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  raw TEXT NOT NULL
)`);
const insert = db.prepare(
  `INSERT INTO entries (id, spektr_id, type, state, received_at, raw)
   VALUES (?, ?, ?, 'pending', ?, ?) ON CONFLICT (id) DO NOTHING`,
);
const store = db.transaction((entries) => {
  const now = Date.now();
  for (const entry of entries) {
    insert.run(entry.id, entry.spektrId, entry.type, now, JSON.stringify(entry));
  }
});

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.post("/webhooks/spektr", express.raw({ type: "*/*", limit: "16mb" }), (req, res) => {
  const timestamp = req.get("x-signature-timestamp") ?? "";
  const given = Buffer.from(req.get("x-signature") ?? "", "hex");
  const right = crypto
    .createHmac("sha256", process.env.SECRET)
    .update(`${timestamp}.`)
    .update(req.body)
    .digest();
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (given.length !== right.length || !crypto.timingSafeEqual(given, right) || !(age <= 300)) {
    return res.sendStatus(401);
  }
  store(JSON.parse(req.body).results);
  return res.status(200).end();
});
const server = app.listen(0, "127.0.0.1", () => {
  console.log(`127.0.0.1:${server.address().port}`);
});
