#!/usr/bin/env bash
# Writes the conformance vectors beside this script. The MACs come from the
# openssl command, so no MAC agrees with the library only because both share code.
set -euo pipefail
cd "$(dirname "$0")"

SIGNED_AT=1731057600
EVENT='{"id":"evt-1","spektrId":"spk-1","type":"customer_tag_add","delivered":null,"createdAt":1731057600000,"data":{"tagId":"tag-1","action":"add","userId":null,"processId":null}}'
OTHER='{"id":"evt-2","workspaceId":"ws-1","eventType":"process_run_start","timestamp":1731057600,"spektrId":"spk-1","data":{"processType":"onboarding","processName":"KYB","processId":"p-1","contextId":"c-1"}}'
BATCH="{\"results\":[$EVENT]}"
A='{"id":"key-a","secret":"correct horse battery staple","encoding":"utf8"}'
B='{"id":"key-b","secret":"00ff10ef20df30cf40bf50af609f708f","encoding":"hex"}'
C='{"id":"key-c","secret":"AP8Q7yDfMM9Av1CvYJ9wjw==","encoding":"base64"}'
A_HEX=$(printf %s 'correct horse battery staple' | od -An -tx1 -v | tr -d ' \n')
B_HEX=00ff10ef20df30cf40bf50af609f708f

# mac HEX_KEY < content
mac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" | sed 's/^.*= *//'; }
# sign HEX_KEY TIMESTAMP BODY: the MAC of {timestamp}.{body}; \x escapes in BODY count
sign() { { printf '%s.' "$2"; printf %b "$3"; } | mac "$1"; }
# headers KEY_ID TIMESTAMP SIGNATURE
headers() {
    printf '["x-signature-alg","sha256"],["x-signature-timestamp","%s"],["x-signature-key-id","%s"],["x-signature","%s"]' "$2" "$1" "$3"
}
# write NAME DESCRIPTION NOW KEYS HEADERS BODY EXPECTED [CONTENT] [FORMAT]
write() {
    cat > "$1.json" <<JSON
{
  "description": "$2",
  "signed_content": "${8:-"{timestamp}.{body}"}",
  "signature_format": "${9:-hex}",
  "tolerance_seconds": 300,
  "now": $3,
  "keys": [$4],
  "headers": [$5],
  "body_base64": "$(printf %b "$6" | openssl base64 -A)",
  "expected": $7
}
JSON
}
accepted() { printf '{"accepted":{"key_id":"%s","signed_at":%s,"entries":%s}}' "$1" "$SIGNED_AT" "$2"; }
rejected() { printf '{"rejected":"%s"}' "$1"; }

GOOD=$(sign "$A_HEX" $SIGNED_AT "$BATCH")
GOOD_HEADERS=$(headers key-a $SIGNED_AT "$GOOD")

write good "One event in a batch, signed with a UTF-8 secret" \
    $SIGNED_AT "$A" "$GOOD_HEADERS" "$BATCH" "$(accepted key-a 1)"
write batch "Two events in one batch, one of each documented envelope" \
    $SIGNED_AT "$A" "$(headers key-a $SIGNED_AT "$(sign "$A_HEX" $SIGNED_AT "{\"results\":[$EVENT,$OTHER]}")")" \
    "{\"results\":[$EVENT,$OTHER]}" "$(accepted key-a 2)"
write batch_of_none "A batch without events is authentic too" \
    $SIGNED_AT "$A" "$(headers key-a $SIGNED_AT "$(sign "$A_HEX" $SIGNED_AT '{"results":[]}')")" \
    '{"results":[]}' "$(accepted key-a 0)"
write single_event "A body that is one event and not a batch" \
    $SIGNED_AT "$A" "$(headers key-a $SIGNED_AT "$(sign "$A_HEX" $SIGNED_AT "$EVENT")")" \
    "$EVENT" "$(accepted key-a 1)"
write not_utf8 "A body that is not text: the signature decides first, and it is right" \
    $SIGNED_AT "$A" "$(headers key-a $SIGNED_AT "$(sign "$A_HEX" $SIGNED_AT '\xff\xfe\x00')")" \
    '\xff\xfe\x00' "$(accepted key-a null)"
write not_utf8_forged "A body that is not text: the signature decides first, and it is wrong" \
    $SIGNED_AT "$A" "$GOOD_HEADERS" '\xff\xfe\x00' "$(rejected signature_mismatch)"
write secret_in_hex "The secret's text is hexadecimal" \
    $SIGNED_AT "$B" "$(headers key-b $SIGNED_AT "$(sign $B_HEX $SIGNED_AT "$BATCH")")" "$BATCH" "$(accepted key-b 1)"
write secret_in_base64 "The same bytes as secret_in_hex, as Base64 text" \
    $SIGNED_AT "$C" "$(headers key-c $SIGNED_AT "$(sign $B_HEX $SIGNED_AT "$BATCH")")" "$BATCH" "$(accepted key-c 1)"
write rotated "Both keys are active, and the new one signed" \
    $SIGNED_AT "$A,$B" "$(headers key-b $SIGNED_AT "$(sign $B_HEX $SIGNED_AT "$BATCH")")" "$BATCH" "$(accepted key-b 1)"
write rotated_key_mixed_up "The old key signed and the new one is named" \
    $SIGNED_AT "$A,$B" "$(headers key-b $SIGNED_AT "$GOOD")" "$BATCH" "$(rejected signature_mismatch)"
write key_retired "The key that signed is no longer in the ring" \
    $SIGNED_AT "$B" "$GOOD_HEADERS" "$BATCH" "$(rejected key_unknown)"
write key_expired "The key that signed expired a second ago" \
    $SIGNED_AT "${A%\}},\"not_after\":$((SIGNED_AT - 1))}" "$GOOD_HEADERS" "$BATCH" "$(rejected key_expired)"
write key_not_yet_valid "The key that signed becomes valid in a second" \
    $SIGNED_AT "${A%\}},\"not_before\":$((SIGNED_AT + 1))}" "$GOOD_HEADERS" "$BATCH" "$(rejected key_not_yet_valid)"
write tampered_body "One character of the body was changed" \
    $SIGNED_AT "$A" "$GOOD_HEADERS" "${BATCH/tag-1/tag-2}" "$(rejected signature_mismatch)"
write truncated_body "The last character of the body is missing" \
    $SIGNED_AT "$A" "$GOOD_HEADERS" "${BATCH%?}" "$(rejected signature_mismatch)"
write tampered_timestamp "The signature is right for another timestamp" \
    $SIGNED_AT "$A" "$(headers key-a $((SIGNED_AT + 1)) "$GOOD")" "$BATCH" "$(rejected signature_mismatch)"
write oldest_tolerated "Signed exactly 300 s ago" \
    $((SIGNED_AT + 300)) "$A" "$GOOD_HEADERS" "$BATCH" "$(accepted key-a 1)"
write stale "Signed 301 s ago" \
    $((SIGNED_AT + 301)) "$A" "$GOOD_HEADERS" "$BATCH" "$(rejected timestamp_too_old)"
write newest_tolerated "Signed exactly 300 s in the future" \
    $((SIGNED_AT - 300)) "$A" "$GOOD_HEADERS" "$BATCH" "$(accepted key-a 1)"
write from_the_future "Signed 301 s in the future" \
    $((SIGNED_AT - 301)) "$A" "$GOOD_HEADERS" "$BATCH" "$(rejected timestamp_in_future)"
write stale_and_forged "The signature is decided before the time window" \
    $((SIGNED_AT + 301)) "$A" "$(headers key-a $SIGNED_AT "$(printf '0%.0s' {1..64})")" "$BATCH" "$(rejected signature_mismatch)"
write missing_header "There is no x-signature-key-id" \
    $SIGNED_AT "$A" "[\"x-signature-alg\",\"sha256\"],[\"x-signature-timestamp\",\"$SIGNED_AT\"],[\"x-signature\",\"$GOOD\"]" "$BATCH" "$(rejected header_missing)"
write doubled_header "x-signature occurs twice, with the same right value" \
    $SIGNED_AT "$A" "$GOOD_HEADERS,[\"X-Signature\",\"$GOOD\"]" "$BATCH" "$(rejected header_repeated)"
write timestamp_with_leading_zero "A second spelling of the right timestamp, rightly signed" \
    $SIGNED_AT "$A" "$(headers key-a 0$SIGNED_AT "$(sign "$A_HEX" 0$SIGNED_AT "$BATCH")")" "$BATCH" "$(rejected header_malformed)"
write uppercase_signature "The right signature in uppercase digits" \
    $SIGNED_AT "$A" "$(headers key-a $SIGNED_AT "${GOOD^^}")" "$BATCH" "$(rejected header_malformed)"
write other_algorithm "Another algorithm is named" \
    $SIGNED_AT "$A" "${GOOD_HEADERS/sha256/sha512}" "$BATCH" "$(rejected algorithm_unsupported)"
write prefixed_signature "The signature stands after sha256=" \
    $SIGNED_AT "$A" "$(headers key-a $SIGNED_AT "sha256=$GOOD")" "$BATCH" "$(accepted key-a 1)" '{timestamp}.{body}' 'sha256=hex'
write body_only "The signature covers the body alone" \
    $SIGNED_AT "$A" "$(headers key-a $SIGNED_AT "$(printf %s "$BATCH" | mac "$A_HEX")")" "$BATCH" "$(accepted key-a 1)" '{body}'
write key_id_and_line_feeds "The signature covers the key id too, and lines are joined" \
    $SIGNED_AT "$A" "$(headers key-a $SIGNED_AT "$({ printf 'key-a\n%s\n' $SIGNED_AT; printf %s "$BATCH"; } | mac "$A_HEX")")" "$BATCH" "$(accepted key-a 1)" '{key_id}\\n{timestamp}\\n{body}'
