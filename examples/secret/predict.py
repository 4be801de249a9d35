"""Takes a secret, and tells only how long it is."""

from cog import BasePredictor, Input, Secret


class Predictor(BasePredictor):
    def predict(self, token: Secret = Input(description="An API token")) -> int:
        return len(token.get_secret_value())
