# The image of Dossier. To use other base images: `--build-arg BUILD_IMAGE=… --build-arg RUN_IMAGE=…`.
ARG BUILD_IMAGE=rust:1.95-slim-bookworm
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /dossier
COPY Cargo.toml Cargo.lock ./
# .sqlx has the query metadata, so that the build needs no database.
COPY .cargo .cargo
COPY .sqlx .sqlx
COPY migrations migrations
COPY docs docs
COPY src src
RUN cargo build --release --locked

FROM ${RUN_IMAGE}
COPY --from=build /dossier/target/release/dossier /usr/local/bin/dossier
# Webhook deliveries need certificate authorities, which the slim image lacks.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# An unprivileged user without a name: the server writes no files.
USER 65532:65532
ENV DOSSIER_LISTEN=0.0.0.0:8080 DOSSIER_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.[01] 200' <&3"]
ENTRYPOINT ["dossier"]
CMD ["serve"]
