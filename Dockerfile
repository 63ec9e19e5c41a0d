# The operator's image. BASE can be any image with Python 3.11 or newer as python3, and its venv module.
ARG BASE=python:3.13.9-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# The packages before the source: a change of the source does not fetch them again.
COPY requirements/build.lock requirements/runtime.lock requirements/
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --requirement requirements/build.lock \
    && python3 -m venv /opt/stepward \
    && /opt/stepward/bin/pip install --require-hashes --requirement requirements/runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
    && /opt/stepward/bin/pip install --no-deps --no-index /tmp/wheel/*.whl \
    && /opt/stepward/bin/pip uninstall --yes pip \
    && python3 -m compileall -q /opt/stepward/lib

FROM ${BASE}
COPY --from=build /opt/stepward /opt/stepward
ENV PATH=/opt/stepward/bin:${PATH} PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that runAsNonRoot can check it. Nothing is written: the root file system may be read-only.
USER 65532:65532
ENTRYPOINT ["stepward", "operator"]
