import hmac, json, re, time
def verify(headers, body, keys, now=None, before="{time}."):
    alg, at, key, mac = (headers.get("x-signature" + name) or "" for name in ("-alg", "-timestamp", "-key-id", ""))
    right = hmac.new(keys.get(key, b""), before.format(time=at, key_id=key).encode() + body, "sha256").hexdigest()
    is_formed = alg == "sha256" and re.fullmatch("0|[1-9][0-9]*", at) and abs((now or time.time()) - int(at)) <= 300
    if not is_formed or key not in keys or not hmac.compare_digest(right.encode(), mac.encode()):
        raise ValueError("not authentic")
    return json.loads(body)
