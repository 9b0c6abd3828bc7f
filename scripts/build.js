// Bundles src/main.ts into dist/sluice.js and parts beside it, so that a command loads what it needs and no more. Parts of
// an older build stay: a daemon that runs may still want one. koffi stays outside, it carries native code; and it is loaded
// when a command first needs it, since that takes as long as the rest of the start-up together.
import { chmodSync } from 'node:fs'
import { build } from 'esbuild'

const lateKoffi = {
  name: 'late-koffi',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^koffi$/ }, ({ kind }) =>
      kind === 'require-call' ? { path: 'koffi', external: true } : { path: 'koffi', namespace: 'late' },
    )
    onLoad({ filter: /./, namespace: 'late' }, () => ({ contents: "module.exports = require('koffi')" }))
  },
}

await build({
  entryPoints: { sluice: 'src/main.ts' },
  outdir: 'dist',
  splitting: true,
  chunkNames: 'part-[hash]',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: true,
  plugins: [lateKoffi],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
chmodSync('bin/sluice', 0o755)
