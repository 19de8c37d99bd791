"""Files that are sent: whole, or the part that a player asks for."""

from http import HTTPStatus

from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException
from starlette.responses import MalformedRangeHeader, RangeNotSatisfiable


class StoredFile(FileResponse):
    """A file, sent in pieces of half a megabyte: each costs a thread's turn, and the push waits for those.

    A `Range` that nobody understands counts as none (RFC 9110, 14.2); one that the file has not is refused as all else.
    """

    chunk_size = 512 * 1024

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            return []
        except RangeNotSatisfiable:
            headers = {"Content-Range": f"bytes */{file_size}"}
            raise HTTPException(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers) from None
