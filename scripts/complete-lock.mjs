/**
 * Adds the platform packages that npm left out of package-lock.json. npm records an optional dependency only when it could read its manifest,
 * which fails behind a registry mirror that keeps one platform's binaries; `npm ci` then calls the very lock file it wrote out of sync, and on
 * other platforms the binary would be missing. The names say it all: '@swc/core-win32-x64-msvc' is for win32 on x64. Run after `npm install`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const PLATFORM =
  /-?(android|darwin|freebsd|linux|openbsd|openharmony|win32)-(arm64|arm|ia32|loong64|ppc64|riscv64|s390x|x64)(?:-(\w+))?$/;
const LIBC = { gnu: ['glibc'], musl: ['musl'] };

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const { packages } = lock;
let added = 0;

for (const parent of Object.values(packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const [, os, cpu, abi] = PLATFORM.exec(name) ?? [];
    if (os === undefined || packages[path] !== undefined || !/^\d/.test(version)) continue;
    const libc = os === 'linux' ? LIBC[abi] : undefined;
    packages[path] = {
      version,
      cpu: [cpu],
      ...(parent.dev && { dev: true }),
      ...(libc && { libc }),
      optional: true,
      os: [os],
    };
    added += 1;
  }
}

lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} platform packages added to package-lock.json`);
