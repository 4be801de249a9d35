"""Counts words, and answers with a structure."""

from cog import BaseModel, BasePredictor, Input


class Output(BaseModel):
    words: int
    longest: str


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Words")) -> Output:
        words = text.split()
        return Output(words=len(words), longest=max(words, key=len, default=""))
