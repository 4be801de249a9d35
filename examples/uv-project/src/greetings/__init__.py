"""Greets many."""

import inflect

engine = inflect.engine()


def greet(count: int) -> str:
    return f"hello to {engine.number_to_words(count)} {engine.plural('friend', count)}"
