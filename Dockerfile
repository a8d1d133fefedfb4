# The server without its embedded PostgreSQL and Valkey: DATABASE_URL and REDIS_URL name yours.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/guerdon
COPY requirements-run.lock .
RUN /opt/guerdon/bin/pip install --require-hashes -r requirements-run.lock
COPY . .
RUN /opt/guerdon/bin/pip install --no-deps --no-build-isolation .

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Guerdon" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/guerdon guerdon
COPY --from=build /opt/guerdon /opt/guerdon
ENV PATH=/opt/guerdon/bin:$PATH PYTHONUNBUFFERED=1 GUERDON_HOME=/var/lib/guerdon PORT=8000
USER guerdon
WORKDIR /var/lib/guerdon
VOLUME /var/lib/guerdon
EXPOSE 8000
STOPSIGNAL SIGINT
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/ready', timeout=2)"]
CMD ["guerdon", "serve"]
