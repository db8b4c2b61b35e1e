# Yuanliu as one image: `yuanliu serve` (the default), `yuanliu work`, `yuanliu migrate`.
FROM python:3.12-slim AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/app/.venv \
    UV_PYTHON_DOWNLOADS=never
RUN python -m pip install --no-cache-dir --disable-pip-version-check 'uv>=0.9,<1'
WORKDIR /app
# The dependencies change seldom: they are a layer of their own.
COPY pyproject.toml uv.lock README.md ./
RUN uv sync --frozen --no-dev --no-install-project
COPY models models
COPY resolvers resolvers
COPY webhooks webhooks
COPY api api
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin yuanliu \
    && install --directory --owner=yuanliu --mode=0750 /data
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    YUANLIU_HOST=0.0.0.0 \
    YUANLIU_RUN_FOLDER=/data \
    YUANLIU_SANDBOX_HOST=0.0.0.0 \
    YUANLIU_SANDBOX_PORT=8001
WORKDIR /data
USER yuanliu
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["yuanliu", "serve"]
