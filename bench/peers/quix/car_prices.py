"""The job of bench/kafka/job.ts as one writes it in Quix Streams: car_prices.py '<job>'."""

import json
import sys

from quixstreams import Application

job = json.loads(sys.argv[1])
framed = job["encoding"] == "connect-json"

ROW = {
    "type": "struct",
    "optional": False,
    "name": "car_data_predicted.Value",
    "fields": [
        {"type": "int32", "optional": False, "field": "id"},
        {"type": "string", "optional": True, "field": "model"},
        {"type": "int32", "optional": True, "field": "year"},
        {"type": "string", "optional": True, "field": "transmission"},
        {"type": "int32", "optional": True, "field": "mileage"},
        {"type": "string", "optional": True, "field": "fueltype"},
        {"type": "int32", "optional": True, "field": "tax"},
        {"type": "double", "optional": True, "field": "mpg"},
        {"type": "double", "optional": True, "field": "enginesize"},
        {"type": "double", "optional": False, "field": "suggestedprice"},
    ],
}


def priced(change):
    row = change["after"]
    row["suggestedprice"] = row["mileage"] / 4 + row["year"]
    return {"schema": ROW, "payload": row} if framed else row


app = Application(
    broker_address=job["bootstrapServers"],
    consumer_group=job["group"],
    auto_offset_reset="earliest",
    commit_interval=job["commitMs"] / 1000,
    processing_guarantee="exactly-once" if job["guarantee"] == "exactly_once_v2" else "at-least-once",
    auto_create_topics=False,
    state_dir=job["directory"],
    loglevel="WARNING",
)
changes = app.topic(job["input"], key_deserializer="bytes", value_deserializer="json")
rows = app.topic(job["output"], key_serializer="bytes", value_serializer="json")

stream = app.dataframe(changes)
if framed:
    stream = stream.apply(lambda value: value["payload"])
stream = stream.filter(lambda change: change["op"] != "d" and change["source"]["table"] == "car_data")
stream = stream.apply(priced)
stream.to_topic(rows)
app.run()
