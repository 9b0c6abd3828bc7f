/**
 * Rules of 10,000 services with 10 servers each, or as many as asked for, and how long `ipvsadm -R` and `-S` take on them:
 *
 *   npm run bench -- restore rules [SERVICES [SERVERS]] > rules
 *   npm run bench -- restore [SERVICES [SERVERS]]           sluice's, on a table in a namespace of its own
 */
import { spawnSync } from 'node:child_process'
import { createNamespace, deleteNamespace, inNamespace, namespaceCookie } from '../src/kernel/namespace.ts'
import { openServiceTable, removeServiceTable } from '../src/kernel/service-table.ts'

const words = process.argv.slice(2)
const wantsRules = words[0] === 'rules'
const [services = 10_000, servers = 10] = words.slice(wantsRules ? 1 : 0).map(Number)
if (wantsRules) process.stdout.write(rules(services, servers))
else measure(services, servers)

/** As `ipvsadm -S -n` prints them. */
export function rules(services: number, servers: number): string {
  const lines: string[] = []
  for (let i = 0; i < services; i++) {
    const service = `-t 10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}:80`
    lines.push(`-A ${service} -s wlc\n`)
    for (let j = 0; j < servers; j++) {
      const n = i * servers + j
      lines.push(`-a ${service} -r 172.${16 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}:80 -g -w 1\n`)
    }
  }
  return lines.join('')
}

function measure(services: number, servers: number): void {
  const namespace = createNamespace(`sluice-bench-${process.pid}`)
  try {
    inNamespace(namespace, () => {
      try {
        const capacity = { services: powerOfTwo(services), destinations: powerOfTwo(services * servers) }
        openServiceTable(capacity).close()
        const text = rules(services, servers)
        const count = services * (servers + 1)
        const start = Math.min(seconds(['-v']), seconds(['-v']), seconds(['-v']))
        const restore = seconds(['-R'], text)
        const save = seconds(['-S', '-n'])
        print('start', start)
        print('-R', restore, ((restore - start) / count) * 1e6)
        print('-S', save, ((save - start) / count) * 1e6)
      } finally {
        removeServiceTable(namespaceCookie())
      }
    })
  } finally {
    deleteNamespace(namespace.name)
    namespace.close()
  }
}

function print(what: string, took: number, eachUs?: number): void {
  console.log(`${what.padEnd(6)} ${took.toFixed(2)} s${eachUs === undefined ? '' : `, ${eachUs.toFixed(1)} µs a rule`}`)
}

function seconds(words: readonly string[], input = ''): number {
  const before = performance.now()
  const { status, stderr } = spawnSync('bin/sluice', ['ipvsadm', ...words], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  if (status !== 0) throw new Error(`ipvsadm ${words.join(' ')} ended with ${status}: ${stderr.slice(0, 200)}`)
  return (performance.now() - before) / 1000
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast + 1))
}
