#!/bin/sh
# prepare.sh: runs before the peer, in the pod of the same name. Writes RUN/peer.yaml and RUN/keys.
# From the environment: POD_NAME, CHAIN, ADMINISTRATOR_KEY_SHA256 (may be empty: then no administrator's
# API key works). CONFIG, SECRET and RUN name the folders in tests.
set -eu
config="${CONFIG:-/etc/powershare}"
secret="${SECRET:-/secret}"
run="${RUN:-/run/powershare}"
number="${POD_NAME##*-}"
peer="$CHAIN-$number"

umask 077
sed -e "s/@CHAIN@/$CHAIN/g" -e "s/@NUMBER@/$number/g" \
  -e "s/@ADMINISTRATOR_KEY_SHA256@/${ADMINISTRATOR_KEY_SHA256:-}/g" \
  -e '/^administrator_key_sha256: *$/d' "$config/peer.yaml.in" >"$run/peer.yaml"
mkdir -p "$run/keys"
for key in consensus gateway transport; do
  if [ ! -r "$secret/$peer.$key.key" ]; then
    echo "prepare: the Secret peer-keys has no $peer.$key.key" >&2
    exit 78
  fi
  # By way of rename: a restarted init container finds its own files read-only.
  cat "$secret/$peer.$key.key" >"$run/keys/.new"
  chmod 0400 "$run/keys/.new"
  mv -f "$run/keys/.new" "$run/keys/$key.key"
done
