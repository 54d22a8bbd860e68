import { createHmac, timingSafeEqual } from "node:crypto";
import type { Entry } from "./spektr.js";
export function verify(headers: Record<string, unknown>, body: Buffer, keys: Map<string, string>, before = "{time}."): Entry[] {
  const sent = ["-alg", "-timestamp", "-key-id", ""].map((name) => headers["x-signature" + name]).join(" ");
  const [, time = "", id = "", hex = ""] = /^sha256 (0|[1-9]\d*) ([!-~]+) ([0-9a-f]{64})$/.exec(sent) ?? [];
  const mac = createHmac("sha256", keys.get(id) ?? "").update(before.replace("{time}", time).replace("{key_id}", id)).update(body).digest();
  if (!keys.has(id) || !timingSafeEqual(mac, Buffer.from(hex, "hex")) || Math.abs(Date.now() / 1000 - Number(time)) > 300) throw new Error("not authentic");
  return ((json) => (json.type ?? json.eventType ? [json] : json.results))(JSON.parse(body.toString()));
}
