"""Turns Markdown to HTML."""

import markdown
from cog import BasePredictor, Input


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Markdown")) -> str:
        return markdown.markdown(text)
