"""Makes a tone with ffmpeg and tells how long it is."""

import json
import subprocess
import tempfile
from pathlib import Path

from cog import BasePredictor, Input


class Predictor(BasePredictor):
    def predict(self, seconds: int = Input(description="The tone's length", default=2, ge=1, le=10)) -> float:
        tone = Path(tempfile.mkdtemp()) / "tone.flac"
        source = f"sine=frequency=440:duration={seconds}"
        subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", source, tone], check=True)
        probe = subprocess.run(
            ["ffprobe", "-loglevel", "error", "-show_format", "-of", "json", tone],
            check=True,
            capture_output=True,
        )
        return float(json.loads(probe.stdout)["format"]["duration"])
