# syntax=docker/dockerfile:1
# One image for every component: Airflow's, the workers, and the optional sandbox.
ARG PYTHON=3.12.14-slim-trixie@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea
FROM python:${PYTHON} AS build

# The uv that requirements-dev.lock pins, with its hash.
WORKDIR /src
COPY requirements.lock requirements-dev.lock ./
RUN sed -n '/^uv==/,/[^\\]$/p' requirements-dev.lock > uv.txt && pip install --no-cache-dir --require-hashes -r uv.txt
RUN uv venv /opt/venv \
    && uv pip install --python /opt/venv/bin/python --no-cache --require-hashes --compile-bytecode -r requirements.lock

FROM python:${PYTHON}
RUN useradd --create-home --uid 50000 --gid 0 airflow \
    && install --directory --owner=50000 --group=0 --mode=0775 /opt/airflow /opt/airflow/logs /var/lib/akubill
COPY --from=build /opt/venv /opt/venv
WORKDIR /opt/akubill
COPY . .
ENV PATH=/opt/venv/bin:$PATH \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/akubill/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/akubill/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AKUBILL_STATE=/var/lib/akubill \
    PYTHONUNBUFFERED=1
# The editable install gives `akubill`, Airflow's entry point for our connection types, and a sys.path for every process.
RUN --mount=from=build,source=/usr/local/bin/uv,target=/usr/local/bin/uv \
    uv pip install --python /opt/venv/bin/python --no-cache --no-deps --no-build-isolation --editable . \
    && python -m compileall -q include dags plugins
USER 50000:0
CMD ["airflow", "version"]
