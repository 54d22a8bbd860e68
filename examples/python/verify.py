import hmac, json, re, time
def verify(headers, body, keys, now=None, before="{time}."):
    alg, at, key, mac = (headers.get("x-signature" + name) or "" for name in ("-alg", "-timestamp", "-key-id", ""))
    right = hmac.new(keys.get(key, b""), before.format(time=at, key_id=key).encode() + body, "sha256").hexdigest()
    is_signed = alg == "sha256" and key in keys and hmac.compare_digest(right.encode(), mac.encode()) and re.fullmatch("0|[1-9][0-9]*", at)
    if not is_signed or abs((time.time() if now is None else now) - int(at)) > 300: raise ValueError("not authentic")
    return [it] if (it := json.loads(body)).get("type") or it.get("eventType") else it["results"]
