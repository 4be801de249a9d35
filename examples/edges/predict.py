"""Counts the pixels on edges of a drawn square."""

import cv2
import numpy as np
from cog import BasePredictor, Input


class Predictor(BasePredictor):
    def predict(self, side: int = Input(description="The square's side", default=20, ge=4, le=90)) -> int:
        picture = np.zeros((100, 100), dtype=np.uint8)
        cv2.rectangle(picture, (5, 5), (5 + side, 5 + side), 255, -1)
        return int(np.count_nonzero(cv2.Canny(picture, 100, 200)))
