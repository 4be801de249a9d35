"""Gives its text back word by word."""

from cog import BasePredictor, ConcatenateIterator, Input


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Words")) -> ConcatenateIterator[str]:
        for word in text.split():
            yield word + " "
