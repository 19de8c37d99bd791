"""Sound for a browser: whole, or the part that its player asks for."""

from fastapi.responses import FileResponse


class Sound(FileResponse):
    """A file of sound, sent in pieces of half a megabyte: each costs a thread's turn, and the push waits for those."""

    chunk_size = 512 * 1024
