#!/usr/bin/env bash
# Writes the certificate of a test server on this machine, that of the authority
# that signed it, and the server's key. They are for tests and trusted by nobody.
set -euo pipefail
cd "$(dirname "$0")"
curve=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc)
authority_key=$(mktemp)
trap 'rm -f "$authority_key" request.pem' EXIT
openssl req -x509 "${curve[@]}" -keyout "$authority_key" -out authority.pem -days 36500 -subj "/CN=test authority" \
  -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"
openssl req "${curve[@]}" -keyout key.pem -out request.pem -subj "/CN=test server"
openssl x509 -req -in request.pem -CA authority.pem -CAkey "$authority_key" -days 36500 -out server.pem \
  -extfile <(printf 'subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n')
