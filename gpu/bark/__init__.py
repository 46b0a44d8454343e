"""Bark in real time: text to semantic tokens, to codes, to sound, while the sentence is made."""
