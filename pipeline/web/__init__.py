"""The desk in the browser: pages in Vietnamese and English on the same use cases as the command line."""
