# The application: `millrace run topology/car-prices.ts`, as an account of its own, with /health/live as its health.
# Another topology: docker run … run topology/messages.ts

FROM node:24-bookworm-slim AS packages
# node-rdkafka is built here, with TLS and every compression, and then what millrace has in C++.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends python3 make g++ libssl-dev zlib1g-dev libzstd-dev \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY native ./native
RUN npm ci --omit=dev

FROM node:24-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends libssl3 zlib1g libzstd1 ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install --directory --owner=node --group=node /var/lib/millrace
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=packages /app/native ./native
COPY package.json tsconfig.json millrace.config.ts ./
COPY bin ./bin
COPY scripts/messages.ts ./scripts/messages.ts
COPY src ./src
COPY models ./models
COPY schemas ./schemas
COPY state ./state
COPY topology ./topology
USER node
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 MILLRACE_STATE_DIR=/var/lib/millrace MILLRACE_METRICS_PORT=9464 MILLRACE_METRICS_HOST=0.0.0.0
VOLUME /var/lib/millrace
EXPOSE 9464
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.MILLRACE_METRICS_PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/millrace.js"]
CMD ["run", "topology/car-prices.ts", "--json"]
