"""The price of a used Ford as a BentoML service.

    models/ford/bentoml.sh setup      # once: Python packages into .stack/bentoml, the model into its store
    models/ford/bentoml.sh serve 3000

The model is XGBoost's own (ford_price.ubj), saved in BentoML's store by save_bento.py. What holds:

1. The matrix is the one that train.py builds: the columns of ford_price.json, dense; a null number is NaN, a null or
   unknown text is all zeros, blanks around a text do not count.
2. Prices are those of ford_price.onnx within £0.05.
3. A car that lacks a feature, has one of another kind, or one that nobody knows is refused with 400: null is what says
   "not known".
"""

import json
from pathlib import Path
from typing import Annotated

import bentoml
import numpy as np
import xgboost
from pydantic import AfterValidator, BaseModel, ConfigDict

MODEL = "ford-price:1.0.0"

Text = Annotated[str, AfterValidator(str.strip)]


class Car(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())

    model: Text | None
    year: float | None
    transmission: Text | None
    mileage: float | None
    fueltype: Text | None
    tax: float | None
    mpg: float | None
    enginesize: float | None


@bentoml.service(name="ford_price", workers=1, traffic={"timeout": 10})
class FordPrice:
    saved = bentoml.models.BentoModel(MODEL)

    def __init__(self) -> None:
        folder = Path(self.saved.path)
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

    @bentoml.api
    def predict(self, car: Car, /) -> float:
        """One car, which is the whole body; its price in pounds."""
        return self.prices([car])[0]

    @bentoml.api
    def predict_batch(self, cars: list[Car]) -> list[float]:
        """Many cars: {"cars": [...]}; as many prices."""
        return self.prices(cars)

    @bentoml.api(batchable=True, max_batch_size=1024, max_latency_ms=5000)
    def predict_batchable(self, cars: list[Car]) -> list[float]:
        """As predict_batch; what several callers ask at the same time BentoML gathers into one batch."""
        return self.prices(cars)

    def prices(self, cars: list[Car]) -> list[float]:
        matrix = np.zeros((len(cars), self.width), dtype=np.float32)
        for row, car in enumerate(cars):
            for name, column, known in self.columns:
                value = getattr(car, name)
                if known is None:
                    matrix[row, column] = np.nan if value is None else value
                elif value in known:
                    matrix[row, known[value]] = 1
        return self.booster.inplace_predict(matrix).tolist()
