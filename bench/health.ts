/**
 * What health checks cost: each measurement by name, or all of them one after the other.
 *
 *     npm run bench -- health [tcp|http|keepalived|failure] …
 *
 * `tcp` and `http` are the checkers' loop alone (bench/health/loop.ts); `keepalived` is the whole daemon beside
 * keepalived's; `failure` is a thousand servers that fail in the same moment. As root, in network namespaces of their own.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const MEASUREMENTS: Readonly<Record<string, readonly string[]>> = {
  tcp: ['loop.ts', 'tcp', '10300', '1000'],
  http: ['loop.ts', 'http', '2050', '1000'],
  keepalived: ['beside-keepalived.ts'],
  failure: ['failure.ts'],
}

const [name, ...words] = process.argv.slice(2)
for (const [measurement, [file = '', ...usual]] of Object.entries(MEASUREMENTS)) {
  if (name !== undefined && name !== measurement) continue
  const given = words.length > 0 ? [measurement, ...words] : usual
  const argv = ['--import', 'tsx', join(import.meta.dirname, 'health', file), ...given]
  spawnSync(process.execPath, argv, { stdio: 'inherit' })
}
