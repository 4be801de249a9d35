"""Waits without keeping others waiting."""

import asyncio

from cog import BasePredictor, Input, concurrent


class Predictor(BasePredictor):
    @concurrent(max=4)
    async def predict(self, seconds: float = Input(description="How long", default=0.1, ge=0, le=5)) -> str:
        await asyncio.sleep(seconds)
        return f"waited {seconds} s"
