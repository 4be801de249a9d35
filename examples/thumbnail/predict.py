"""Makes a small copy of an image."""

import tempfile

from cog import BasePredictor, Input, Path
from PIL import Image


class Predictor(BasePredictor):
    def predict(
        self,
        image: Path = Input(description="The image to make smaller"),
        width: int = Input(description="The new width in pixels", default=64, ge=1, le=1024),
    ) -> Path:
        with Image.open(image) as picture:
            height = max(1, round(picture.height * width / picture.width))
            small = picture.convert("RGB").resize((width, height))
        output = Path(tempfile.mkdtemp()) / "thumbnail.png"
        small.save(output)
        return output
