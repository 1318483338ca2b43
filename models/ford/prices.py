"""The prices of cars, by XGBoost's own model file: what the services of the model have in common.

What holds:

1. The matrix is the one that train.py builds: the columns of ford_price.json, dense; a null number is NaN, a null or
   unknown text is all zeros.
2. Prices are those of ford_price.onnx within £0.05.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xgboost


class FordPrices:
    """Reads ford_price.ubj and ford_price.json in a folder, for one thread."""

    def __init__(self, folder: Path) -> None:
        self.features = json.loads((folder / "ford_price.json").read_text())["features"]
        # Where each feature begins, and the column of each of its categories.
        self.columns = []
        width = 0
        for feature in self.features:
            categories = feature.get("categories")
            known = None if categories is None else {text: width + index for index, text in enumerate(categories)}
            self.columns.append((feature["name"], width, known))
            width += 1 if categories is None else len(categories)
        self.width = width
        self.booster = xgboost.Booster(model_file=folder / "ford_price.ubj")
        self.booster.set_param({"nthread": 1})

    def of(self, cars: Sequence[Mapping[str, str | float | None]]) -> list[float]:
        """As many prices in pounds as there are cars; each has every feature, texts without blanks around them."""
        matrix = np.zeros((len(cars), self.width), dtype=np.float32)
        for row, car in enumerate(cars):
            for name, column, known in self.columns:
                value = car[name]
                if known is None:
                    matrix[row, column] = np.nan if value is None else value
                elif value in known:
                    matrix[row, known[value]] = 1
        return self.booster.inplace_predict(matrix).tolist()
