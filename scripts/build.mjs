/** Builds dist/ from nothing. The folder goes first because tsup's own `clean` races when two builds run side by side. */
import { rmSync } from 'node:fs';
import { build } from 'tsup';

rmSync('dist', { recursive: true, force: true });
await build({});
