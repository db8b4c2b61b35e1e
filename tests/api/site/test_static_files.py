"""Files that never change under their name, and what is compressed."""

import re

from tests.api.site.test_page_requests import fetch


async def test_static_files_are_kept_for_ever_under_a_name_of_their_content() -> None:
    page = (await fetch("/")).text
    found = re.search(r'href="(/static/yuanliu\.[0-9a-f]{12}\.css)"', page)
    assert found is not None
    file = await fetch(found[1])
    assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert file.headers["content-encoding"] == "gzip"
    plain = await fetch(found[1], headers={"accept-encoding": "identity"})
    assert plain.text == file.text
    assert "content-encoding" not in plain.headers
    again = await fetch(found[1], headers={"if-none-match": file.headers["etag"]})
    assert again.status_code == 304
    assert (await fetch("/static/yuanliu.css")).status_code == 404


async def test_pages_are_compressed_for_those_who_read_that() -> None:
    page = await fetch("/")
    plain = await fetch("/", headers={"accept-encoding": "identity"})

    assert page.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in page.headers["vary"].lower()
    assert "content-encoding" not in plain.headers
