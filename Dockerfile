# syntax=docker/dockerfile:1
# docker build --build-arg UV_DEFAULT_INDEX=https://mirror.example/simple --build-arg PIP_INDEX_URL=… . (for a mirror)
FROM python:3.13-slim AS build
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9
WORKDIR /srv
COPY pyproject.toml uv.lock ./
# by name, version and hash, not by the addresses of the lock file, so that a mirror can serve them
RUN uv export --quiet --frozen --no-dev --output-file requirements.txt \
    && uv venv /srv/venv \
    && uv pip sync --no-cache --require-hashes --compile-bytecode --python /srv/venv/bin/python requirements.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin thads
ENV PATH=/srv/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    THADS_ENVIRONMENT=production THADS_HOST=0.0.0.0 PORT=8000
COPY --from=build /srv/venv /srv/venv
WORKDIR /srv/thads
COPY alembic.ini ./
COPY migrations migrations
COPY app app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/livez', timeout=2)"]
CMD ["python", "-m", "app.cli", "serve"]
