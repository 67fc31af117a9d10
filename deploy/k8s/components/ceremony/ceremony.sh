#!/bin/sh
# ceremony.sh: makes the keys of all peers of a new chain, and its genesis. By hand on an offline machine:
#
#   powershare keys --folder admin --administrator > administrator.pub     # admin/administrator.key stays offline
#   CHAIN=funchal OUT=ceremony deploy/k8s/components/ceremony/ceremony.sh
#   kubectl -n power-share-funchal create configmap genesis --from-file=ceremony/genesis.json
#   kubectl -n power-share-funchal create secret generic peer-keys --from-file=ceremony/peer-keys
#
# or in the cluster, as the Job beside this file. From the environment: CHAIN; OUT, a folder; and where they
# are not the default PEERS (4), ADMINISTRATOR (administrator.pub), TARIFF, FEED_IN, UTILITY, SLOT, POWERSHARE
# (the program). Keys that exist in OUT are kept; a genesis that exists stops it.
set -eu
: "${CHAIN:?names the chain}" "${OUT:?is the folder to write}"
peers="${PEERS:-4}"
powershare="${POWERSHARE:-powershare}"
administrator="${ADMINISTRATOR:-administrator.pub}"

if [ -e "$OUT/genesis.json" ]; then
  echo "ceremony: $OUT/genesis.json exists: a second genesis would be a second chain" >&2
  exit 73
fi
umask 077
mkdir -p "$OUT/members" "$OUT/peer-keys" "$OUT/work"
set --
number=0
while [ "$number" -lt "$peers" ]; do
  peer="$CHAIN-$number"
  "$powershare" keys --folder "$OUT/work/$peer" --peer "$peer" >"$OUT/members/$peer.json"
  for key in consensus gateway transport; do
    cp "$OUT/work/$peer/$key.key" "$OUT/peer-keys/$peer.$key.key"
  done
  set -- "$@" --member "$OUT/members/$peer.json"
  number=$((number + 1))
done
"$powershare" genesis --chain "$CHAIN" --administrator "$administrator" "$@" --tariff "${TARIFF:-0.1629}" \
  --feed-in "${FEED_IN:-0}" --utility "${UTILITY:-EEM}" --slot "${SLOT:-15m}" --out "$OUT/genesis.json"
rm -r "$OUT/work"
