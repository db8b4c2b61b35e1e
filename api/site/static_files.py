"""The pages' own files: their content is in their name, so a browser may keep them for ever."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER: Final = Path(__file__).parents[1] / "static"
FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent."""

    name: str
    media_type: str
    body: bytes
    compressed: bytes
    etag: str


class StaticFiles:
    """Every file of the folder, read and compressed once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: dict[str, StaticFile] = {}
        self._names: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            body = path.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:12]
            name = f"{path.stem}.{digest}{path.suffix}"
            self._names[path.name] = name
            self._files[name] = StaticFile(
                name=name,
                media_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
                body=body,
                compressed=gzip.compress(body, mtime=0),
                etag=f'"{digest}"',
            )

    def address(self, name: str) -> str:
        """Where a page finds a file; KeyError if there is none."""
        return f"/static/{self._names[name]}"

    def file(self, name: str) -> StaticFile:
        """A file by its plain name."""
        return self._files[self._names[name]]

    async def serve(self, request: Request) -> Response:
        """Answer with a file, compressed for those who read that."""
        file = self._files.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404)
        headers = {
            "cache-control": FOR_EVER,
            "etag": file.etag,
            "vary": "accept-encoding",
            "x-content-type-options": "nosniff",
        }
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(file.compressed, media_type=file.media_type, headers=headers)
        return Response(file.body, media_type=file.media_type, headers=headers)

    def route(self) -> Route:
        return Route("/static/{name}", self.serve, methods=["GET"])
