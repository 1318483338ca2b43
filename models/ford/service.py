"""The price of a used Ford as a BentoML service.

    models/ford/bentoml.sh setup      # once: Python packages into .stack/bentoml, the model into its store
    models/ford/bentoml.sh serve 3000

The model is XGBoost's own (ford_price.ubj), saved in BentoML's store by save_bento.py; prices.py says what is made of it.
Blanks around a text do not count. A car that lacks a feature, has one of another kind, or one that nobody knows is refused
with 400: null is what says "not known".
"""

from pathlib import Path
from typing import Annotated

import bentoml
from prices import FordPrices
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
        self.prices = FordPrices(Path(self.saved.path))

    @bentoml.api
    def predict(self, car: Car, /) -> float:
        """One car, which is the whole body; its price in pounds."""
        return self.prices.of([vars(car)])[0]

    @bentoml.api
    def predict_batch(self, cars: list[Car]) -> list[float]:
        """Many cars: {"cars": [...]}; as many prices."""
        return self.prices.of([vars(car) for car in cars])

    @bentoml.api(batchable=True, max_batch_size=1024, max_latency_ms=5000)
    def predict_batchable(self, cars: list[Car]) -> list[float]:
        """As predict_batch; what several callers ask at the same time BentoML gathers into one batch."""
        return self.prices.of([vars(car) for car in cars])
