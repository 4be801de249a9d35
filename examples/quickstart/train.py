"""Writes iris.joblib from the data set that scikit-learn ships."""

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

data = load_iris()
model = LogisticRegression(max_iter=500).fit(data.data, data.target)
joblib.dump(model, "iris.joblib")
