"""The price of a used Ford in MLServer, by the Open Inference Protocol.

    models/ford/mlserver.sh setup       # once: Python packages into .stack/mlserver
    models/ford/mlserver.sh serve 8000

One input tensor for each feature, [rows, 1]: numbers as FP32, texts as BYTES. A tensor in JSON has no null: -1 is a number
that is not known, "" such a text. A request that lacks a feature, or whose tensors are not of one length, gets 400.
"""

import sys
from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput

FORD = Path(__file__).resolve().parent.parent
sys.path.append(str(FORD))

from prices import FordPrices  # noqa: E402


class FordPriceRuntime(MLModel):
    async def load(self) -> bool:
        self.prices = FordPrices(FORD)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        given = {tensor.name: tensor for tensor in payload.inputs}
        columns = {}
        for feature in self.prices.features:
            name = feature["name"]
            if name not in given:
                raise InferenceError(f"the input '{name}' is missing")
            decode = texts if "categories" in feature else numbers
            columns[name] = decode(given[name])
        if len({len(column) for column in columns.values()}) != 1:
            raise InferenceError("the inputs are not of one length")
        cars = [dict(zip(columns, values)) for values in zip(*columns.values())]
        prices = np.array(self.prices.of(cars), dtype=np.float32).reshape(-1, 1)
        output = NumpyCodec.encode_output("price", prices)
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=[output])


def numbers(tensor: RequestInput) -> list[float | None]:
    try:
        values = NumpyCodec.decode_input(tensor).ravel().tolist()
    except ValueError as error:
        raise InferenceError(f"the input '{tensor.name}' is no tensor of numbers: {error}") from error
    return [None if value == -1 else value for value in values]


def texts(tensor: RequestInput) -> list[str | None]:
    return [value.strip() or None for value in StringCodec.decode_input(tensor)]
