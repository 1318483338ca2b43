"""Saves the Ford model in BentoML's store as ford-price:1.0.0, from ford_price.ubj and ford_price.json beside this."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import bentoml

HERE = Path(__file__).parent


def main() -> None:
    about = json.loads((HERE / "ford_price.json").read_text())
    booster = HERE / "ford_price.ubj"
    if hashlib.sha256(booster.read_bytes()).hexdigest() != about["booster"]["sha256"]:
        sys.exit("ford_price.json describes another ford_price.ubj: take both from the same training")
    tag = f"{about['name']}:{about['version']}"
    try:
        bentoml.models.delete(tag)
    except bentoml.exceptions.NotFound:
        pass  # saved for the first time
    metadata = {"rows": about["training"]["rows"], "meanAbsoluteError": about["heldOut"]["meanAbsoluteError"]}
    with bentoml.models.create(tag, labels={"framework": "xgboost"}, metadata=metadata) as saved:
        shutil.copy(booster, saved.path)
        shutil.copy(HERE / "ford_price.json", saved.path)
    print(tag)


if __name__ == "__main__":
    main()
