"""Beside the faces: the invented programme, written as real files and brought in through the real doors."""
