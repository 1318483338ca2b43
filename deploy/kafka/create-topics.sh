#!/bin/sh
# Creates the topics of topics.txt that are missing: create-topics.sh BOOTSTRAP_SERVERS
set -eu
grep -v '^#' "$(dirname "$0")/topics.txt" | while read -r topic partitions cleanup; do
  [ -n "$topic" ] || continue
  /opt/kafka/bin/kafka-topics.sh --bootstrap-server "$1" --create --if-not-exists \
    --topic "$topic" --partitions "$partitions" --replication-factor 1 --config "cleanup.policy=$cleanup"
done
