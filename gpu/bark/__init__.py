"""Bark in real time: text to semantic tokens, to coarse codes, to all codes, to sound, while the sentence is made."""
