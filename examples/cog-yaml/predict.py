"""Says a number as people do."""

import humanize
from cog import BasePredictor, Input


class Predictor(BasePredictor):
    def predict(self, number: int = Input(description="A number", choices=[1000, 1000000, 1000000000])) -> str:
        return humanize.intword(number)
