"""Trains the price of a used Ford and writes it as ONNX, and in XGBoost's own format for the BentoML service.

    python models/ford/train.py listings.csv --out models/ford --predictions test/fixtures/ford/predictions.json

The listings are the Ford part of "100,000 UK Used Car Data set" (CC0) or any CSV with the same columns; upper and lower
case in the header are the same. What holds:

1. The ONNX graph takes one float matrix. Its columns are the features in the order of ford_price.json: a number is one
   column, a text is one column for each of its categories (one-hot). Zeros are zeros, never "missing": the one-hot
   encoder is dense, because XGBoost reads the zeros of a sparse matrix as missing and the graph does not.
2. A null number is NaN, which XGBoost sends down a branch learnt for it. A null or unknown text is all zeros. The data
   have no nulls, so each row is learnt twice, the second time with some of its features left out at random; otherwise
   those branches would be arbitrary (off by thousands).
3. ONNX and XGBoost agree within TOLERANCE on every row, also with each feature left out in turn, or nothing is written.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxmltools
import onnxruntime
import pandas as pd
import sklearn
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

NAME = "ford-price"
VERSION = "1.0.0"
FEATURES = {
    "model": "text",
    "year": "number",
    "transmission": "text",
    "mileage": "number",
    "fueltype": "text",
    "tax": "number",
    "mpg": "number",
    "enginesize": "number",
}
TARGET = "price"
SEED = 20200601
NEWEST_YEAR = 2020  # the listings were collected in 2020; a later year is a slip of the keyboard
HELD_OUT_SHARE = 0.2
RECORDED_ROWS = 300  # kept from every training, so that other runtimes can measure the shipped model too
BLANK_SHARE = 0.15
TOLERANCE = 0.05  # pounds
LARGEST_ERROR = 850  # pounds, mean absolute, on rows not seen
# Better than depth 6, rate 0.08 without sampling in three-fold cross validation, at the same speed.
PARAMETERS = dict(
    n_estimators=300, max_depth=6, learning_rate=0.1, subsample=0.8, colsample_bytree=0.7, random_state=SEED
)


def read_listings(path: Path) -> pd.DataFrame:
    listings = pd.read_csv(path).rename(columns=str.lower)
    missing = [name for name in (*FEATURES, TARGET) if name not in listings.columns]
    if missing:
        sys.exit(f"{path} has no column {', '.join(missing)}")
    for name, kind in FEATURES.items():
        listings[name] = listings[name].astype(object if kind == "text" else float)
    listings = listings[listings["year"] <= NEWEST_YEAR]
    return listings.reset_index(drop=True)


def clean(rows: pd.DataFrame) -> pd.DataFrame:
    """Text without the blanks around it; a null text is '', which is no category."""
    rows = rows.copy()
    for name in texts():
        rows[name] = [text.strip() if isinstance(text, str) else "" for text in rows[name]]
    return rows


def texts() -> list[str]:
    return [name for name, kind in FEATURES.items() if kind == "text"]


def encoder_for(rows: pd.DataFrame) -> ColumnTransformer:
    """One matrix: the columns of the features, in their order."""
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    steps = [(name, one_hot if kind == "text" else "passthrough", [name]) for name, kind in FEATURES.items()]
    return ColumnTransformer(steps, sparse_threshold=0).fit(rows)


def matrix(encoder: ColumnTransformer, rows: pd.DataFrame) -> np.ndarray:
    return encoder.transform(clean(rows)).astype(np.float32)


def left_out(rows: pd.DataFrame, name: str, where=slice(None)) -> pd.DataFrame:
    """The rows with a feature null."""
    rows = rows.copy()
    rows.loc[where, name] = None if FEATURES[name] == "text" else np.nan
    return rows


def fit(encoder: ColumnTransformer, rows: pd.DataFrame) -> xgboost.XGBRegressor:
    random = np.random.default_rng(SEED)
    blanked = rows
    for name in FEATURES:
        blanked = left_out(blanked, name, random.random(len(rows)) < BLANK_SHARE)
    seen = np.vstack([matrix(encoder, rows), matrix(encoder, blanked)])
    prices = np.concatenate([rows[TARGET], rows[TARGET]])
    return xgboost.XGBRegressor(**PARAMETERS).fit(seen, prices)


def as_onnx(regressor: xgboost.XGBRegressor, columns: int) -> bytes:
    inputs = [("features", FloatTensorType([None, columns]))]
    return onnxmltools.convert_xgboost(regressor, NAME, inputs, target_opset=15).SerializeToString()


def check_agreement(graph: bytes, regressor, encoder: ColumnTransformer, rows: pd.DataFrame) -> float:
    """The largest difference between ONNX and XGBoost, in pounds."""
    session = onnxruntime.InferenceSession(graph)
    nothing = rows.head(1)
    cases = {"as they are": rows}
    for name, kind in FEATURES.items():
        cases[f"{name} null"] = left_out(rows, name)
        nothing = left_out(nothing, name)
        if kind == "text":
            cases[f"{name} unknown"] = rows.assign(**{name: "no such category"})
    cases["all null"] = nothing
    largest = 0.0
    for case, those in cases.items():
        values = matrix(encoder, those)
        difference = np.abs(session.run(None, {"features": values})[0].ravel() - regressor.predict(values)).max()
        if not difference <= TOLERANCE:
            sys.exit(f"rows {case}: ONNX and XGBoost differ by {difference:.2f}, more than {TOLERANCE}")
        largest = max(largest, float(difference))
    return largest


def description(encoder: ColumnTransformer, rows: pd.DataFrame) -> list[dict]:
    features = []
    for name, kind in FEATURES.items():
        if kind == "text":
            seen = {"categories": list(encoder.named_transformers_[name].categories_[0])}
        else:
            seen = {"range": [float(rows[name].min()), float(rows[name].max())]}
        features.append({"name": name, "kind": kind, **seen})
    return features


def recorded(rows: pd.DataFrame, regressor, encoder: ColumnTransformer) -> dict:
    """Cars with the price that XGBoost gives them: as listed, with nulls, with unknown categories."""
    few = rows.head(10)
    cases = [rows]
    nothing = rows.head(1)
    for name, kind in FEATURES.items():
        cases.append(left_out(few, name))
        nothing = left_out(nothing, name)
        if kind == "text":
            cases.append(few.assign(**{name: "no such category"}))
    predictions = []
    for those in [*cases, nothing]:
        listed = json.loads(those.to_json(orient="records"))
        for row, prediction in zip(listed, regressor.predict(matrix(encoder, those))):
            car = {name: row[name] for name in FEATURES}
            predictions.append({"car": car, "price": row[TARGET], "prediction": round(float(prediction), 4)})
    return {"unseen": len(rows), "predictions": predictions}


def main() -> None:
    arguments = argparse.ArgumentParser(description="Trains the price of a used Ford and writes it as ONNX.")
    arguments.add_argument("listings", type=Path, help="CSV of listings with their prices")
    arguments.add_argument("--out", type=Path, required=True, help="folder for ford_price.onnx, .ubj and .json")
    arguments.add_argument("--predictions", type=Path, help="file for cars with XGBoost's predictions, to test with")
    options = arguments.parse_args()

    listings = read_listings(options.listings)
    encoder = encoder_for(clean(listings))
    seen, held_out = train_test_split(listings, test_size=HELD_OUT_SHARE, random_state=SEED)
    predicted = fit(encoder, seen).predict(matrix(encoder, held_out))
    error = mean_absolute_error(held_out[TARGET], predicted)
    r2 = r2_score(held_out[TARGET], predicted)
    print(f"held out: {len(held_out)} rows, mean absolute error £{error:.0f}, R² {r2:.3f}")
    if error > LARGEST_ERROR:
        sys.exit(f"that is more than £{LARGEST_ERROR}: nothing written")

    unseen = held_out.head(RECORDED_ROWS)
    shipped_on = listings.drop(unseen.index)
    regressor = fit(encoder, shipped_on)
    graph = as_onnx(regressor, matrix(encoder, unseen).shape[1])
    largest = check_agreement(graph, regressor, encoder, listings)
    booster = bytes(regressor.get_booster().save_raw("ubj"))
    print(f"ONNX and XGBoost agree within £{largest:.3f}; {len(graph) / 1e6:.2f} MB")

    about = {
        "name": NAME,
        "version": VERSION,
        "target": TARGET,
        "features": description(encoder, shipped_on),
        "nulls": {
            "number": "null is NaN, which the trees send down a branch learnt from rows with features left out",
            "text": "null and unknown categories are all zeros; blanks around a text do not count",
        },
        "training": {
            "data": "Ford listings of '100,000 UK Used Car Data set'",
            "licence": "CC0-1.0",
            "rows": len(shipped_on),
            "note": f"fit on all rows but {len(unseen)} kept for tests; the error below is that of a model fit the "
            "same way without any of the rows held out",
        },
        "heldOut": {"rows": len(held_out), "seed": SEED, "meanAbsoluteError": round(error, 1), "r2": round(r2, 4)},
        "parameters": PARAMETERS,
        "agreement": {"largestDifference": round(largest, 4), "tolerance": TOLERANCE},
        "libraries": {lib.__name__: lib.__version__ for lib in (xgboost, sklearn, onnx, onnxmltools, onnxruntime)},
        "sha256": hashlib.sha256(graph).hexdigest(),
        "booster": {"file": "ford_price.ubj", "sha256": hashlib.sha256(booster).hexdigest()},
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "ford_price.onnx").write_bytes(graph)
    (options.out / "ford_price.ubj").write_bytes(booster)
    (options.out / "ford_price.json").write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n")
    if options.predictions is not None:
        lines = recorded(unseen, regressor, encoder)
        cars = ",\n".join(json.dumps(row) for row in lines["predictions"])
        options.predictions.parent.mkdir(parents=True, exist_ok=True)
        options.predictions.write_text(f'{{"unseen": {lines["unseen"]}, "predictions": [\n{cars}\n]}}\n')


if __name__ == "__main__":
    main()
