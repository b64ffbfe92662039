# The image of every process: web, dispatch, worker, beat, migrate. Built in stages, so that compilers, node and
# packages of the browser's build stay behind.

# ---- the browser's files
FROM node:22-slim AS assets
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY build.mjs ./
COPY static ./static
RUN node build.mjs static_build

# ---- Python packages, each checked by its hash
FROM python:3.13-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/bootstrap.lock requirements/prod.lock /requirements/
RUN python -m venv /venv \
    && /venv/bin/pip install --require-hashes -r /requirements/bootstrap.lock \
    && /venv/bin/uv pip install --python /venv/bin/python --require-hashes --compile-bytecode -r /requirements/prod.lock \
    && /venv/bin/pip uninstall --yes uv

# ---- what runs
FROM python:3.13-slim AS runtime
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 MARZHA_DATA=/data HOST=0.0.0.0 PORT=8000
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin marzha \
    && install -d -o marzha -g marzha -m 0700 /data
WORKDIR /app
COPY --from=packages /venv /venv
COPY . .
COPY --from=assets /build/static_build ./static_build
# Catalogues are compiled and static files get their hashed names here, once. What set-up generates meanwhile
# (a data folder with keys) must not become part of the image.
RUN python tools/messages.py compile \
    && MARZHA_DATA=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build \
    && python -m compileall -q -x '/(tests|bench)/' .
USER marzha
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=40s --retries=4 \
    CMD ["python", "deploy/healthcheck.py"]
CMD ["sh", "deploy/web.sh"]
