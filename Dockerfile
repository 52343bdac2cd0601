# The image of Dossier. The base images can be replaced: `--build-arg BUILD_IMAGE=… RUN_IMAGE=…`.
ARG BUILD_IMAGE=rust:1.95-slim-bookworm
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /dossier
COPY Cargo.toml Cargo.lock ./
# What was checked against a live database stands in .sqlx, so that none is needed here.
COPY .cargo .cargo
COPY .sqlx .sqlx
COPY migrations migrations
COPY docs docs
COPY src src
RUN cargo build --release --locked

FROM ${RUN_IMAGE}
COPY --from=build /dossier/target/release/dossier /usr/local/bin/dossier
# Without certificate authorities no webhook can be delivered; the slim image has none.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# Nobody in particular: it writes no file and needs no name.
USER 65532:65532
ENV DOSSIER_LISTEN=0.0.0.0:8080 DOSSIER_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.[01] 200' <&3"]
ENTRYPOINT ["dossier"]
CMD ["serve"]
