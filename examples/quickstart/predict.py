"""Tells the species of an iris from four measures in centimetres."""

import sys
from pathlib import Path

import joblib

model = joblib.load(Path(__file__).parent / "iris.joblib")
species = ["setosa", "versicolor", "virginica"]


def predict(
    sepal_length: float, sepal_width: float, petal_length: float, petal_width: float
) -> str:
    measures = [[sepal_length, sepal_width, petal_length, petal_width]]
    return species[int(model.predict(measures)[0])]


if __name__ == "__main__":
    print(predict(*(float(value) for value in sys.argv[1:5])))
