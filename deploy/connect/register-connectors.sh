#!/usr/bin/env bash
# Registers the connectors of a format that are not there yet: register-connectors.sh CONNECT_URL connect-json|avro
set -euo pipefail
cd "$(dirname "$0")/../connectors/$2"
for file in *.json; do
  status=$(curl --silent --show-error --output /tmp/answer --write-out '%{http_code}' --header 'Content-Type: application/json' \
    --data @"$file" "$1/connectors")
  case $status in
    201) echo "$file: registered" ;;
    409) echo "$file: there already" ;;
    *)
      echo "$file: HTTP $status $(cat /tmp/answer)" >&2
      exit 1
      ;;
  esac
done
