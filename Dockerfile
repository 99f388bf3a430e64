# The operator's image. `make image` builds the same one without Docker (test/cluster/images/operator.ts).
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# No install scripts: nothing here needs one, and none of the dependencies gets to run one.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY build/bundle.ts build/dashboard-page.ts build/
COPY src src
RUN node build/bundle.ts && rm dist/*.map

# A root file system of Node, the libraries it is linked to, and certificates: no shell, no package manager.
FROM ${NODE_IMAGE} AS rootfs
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
RUN mkdir -p /rootfs/usr/bin /rootfs/etc/ssl/certs /rootfs/proc /rootfs/sys /rootfs/dev \
 && mkdir -m 1777 /rootfs/tmp \
 && cp "$(command -v node)" /rootfs/usr/bin/node \
 && ldd /rootfs/usr/bin/node | grep -o '/[^ ]*' | sort -u | xargs -I{} cp --parents -L {} /rootfs \
 # The C library loads these by name when it resolves host names and users.
 && find /lib /usr/lib -name 'libnss_files.so.2' -o -name 'libnss_dns.so.2' -o -name 'libresolv.so.2' \
    | xargs -I{} cp --parents -L {} /rootfs \
 && cp -L /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ \
 && echo 'hosts: files dns' > /rootfs/etc/nsswitch.conf \
 && echo 'root:x:0:0:root:/root:/bin/false\nnonroot:x:65532:65532:nonroot:/tmp:/bin/false' > /rootfs/etc/passwd \
 && echo 'root:x:0:\nnonroot:x:65532:' > /rootfs/etc/group

FROM scratch
COPY --from=rootfs /rootfs /
COPY --from=build /build/dist /app
# These and the flags below are those of build/runtime.ts.
ENV PATH=/usr/bin NODE_ENV=production MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /app
USER 65532:65532
ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=1", "--optimize-for-size", "/app/main.js"]
