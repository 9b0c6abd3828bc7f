/**
 * Prints a configuration of many virtual servers, each with many checked real servers (10,000 and 10 unless told
 * otherwise), and with `compare` measures `sluice check` beside `keepalived -t` on it, turn by turn:
 *
 *   npx tsx bench/big-configuration.ts [SERVICES [SERVERS]] > big.conf
 *   npx tsx bench/big-configuration.ts compare [ROUNDS]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [first = '10000', second = '10'] = process.argv.slice(2)
if (first === 'compare') compare(Number(process.argv[3] ?? 5))
else process.stdout.write(bigConfiguration(Number(first), Number(second)))

export function bigConfiguration(services: number, servers: number): string {
  const parts = ['global_defs {\n    router_id big\n}\n']
  for (let i = 0; i < services; i++) {
    parts.push(
      `virtual_server 10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255} 80 {\n`,
      '    delay_loop 6\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n',
    )
    for (let j = 0; j < servers; j++) {
      const n = i * servers + j
      parts.push(
        `    real_server 172.${16 + (n >> 16)}.${(n >> 8) & 255}.${n & 255} 80 {\n`,
        '        weight 1\n        TCP_CHECK {\n            connect_timeout 3\n        }\n    }\n',
      )
    }
    parts.push('}\n')
  }
  return parts.join('')
}

function compare(rounds: number): void {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  try {
    const file = join(directory, 'big.conf')
    writeFileSync(file, bigConfiguration(10_000, 10))
    const commands = { sluice: ['bin/sluice', 'check', file], keepalived: ['keepalived', '-t', '-f', file] }
    const taken = { sluice: [] as number[], keepalived: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      for (const name of ['sluice', 'keepalived'] as const) taken[name].push(seconds(commands[name]))
    }
    const [own, theirs] = [median(taken.sluice), median(taken.keepalived)]
    console.log(
      `sluice check ${own.toFixed(2)} s, keepalived -t ${theirs.toFixed(2)} s: ${(own / theirs).toFixed(2)} times`,
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function seconds([program, ...words]: readonly string[]): number {
  const before = performance.now()
  const { status, stderr, error } = spawnSync(program!, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${error?.message ?? stderr}`)
  return (performance.now() - before) / 1000
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}
