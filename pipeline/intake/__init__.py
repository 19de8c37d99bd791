"""Dropped files become scripts: settling, formats, head lines, recordings that belong to a text, refusals."""
