from cog import BasePredictor, Input
from greetings import greet


class Predictor(BasePredictor):
    def predict(self, count: int = Input(description="How many friends", default=1, ge=0)) -> str:
        return greet(count)
