/**
 * What a packet costs, by `BPF_PROG_TEST_RUN`: nanoseconds, and times what a program costs that passes everything. Root.
 *
 *   npm run bench -- datapath [paths | flows | schedulers]… [--rounds N] [--against COMMAND]
 *
 *   paths       what is not ours; one flow of each forwarding method
 *   flows       64 K and a million flows, established and beginning
 *   schedulers  the first packet of a connection, for each scheduler, with 8 and 256 servers
 *
 * Each figure is the least of several rounds, and the median. `wrapper.ts` makes the packet anew before each run: what that
 * costs is measured, too, and taken off in the column "program". Each run's verdict, the last packet's every byte, and
 * how many connections of which state are in the table afterwards are compared with what they should be.
 *
 * At tc a tunnel is measured packet by packet (*), which takes longer, and with one flow: the kernel wraps none twice.
 *
 * COMMAND measures somebody else's balancer in the same rounds: it is called with a path (`not-ours`, `established`,
 * `first-packet`) and a number of flows, and prints nanoseconds a packet, what its own wrapper costs included.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { TC, XDP } from '../src/balancer/program/hook.ts'
import { SCHEDULERS } from '../src/model/service.ts'
import { Bench } from './datapath/bench.ts'
import { type Figure, figureOf } from './datapath/measure.ts'
import { type Path, pathName, tableFor } from './datapath/paths.ts'
import { inWorld } from './datapath/world.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, against: { type: 'string' } },
})
const COLUMNS =
  'nanoseconds a packet'.padEnd(50) +
  ['hook', 'least', 'median', '×empty', 'program', 'other', '×other'].map(cell => cell.padStart(8)).join('')
const rounds = Number(values.rounds)
const parts: Readonly<Record<string, () => readonly Path[]>> = { paths, flows, schedulers }
const chosen = positionals.length === 0 ? Object.keys(parts) : positionals

inWorld(() => {
  console.log(COLUMNS)
  for (const part of chosen) {
    const list = parts[part]
    if (list === undefined) throw new RangeError(`there is no part ${part}: ${Object.keys(parts).join(', ')}`)
    for (const path of list()) measurePath(path)
  }
})

function paths(): readonly Path[] {
  const common = { scheduler: 'rr', servers: 8, flows: 1 } as const
  const route = { ...common, forwarding: { method: 'route' } } as const
  const masquerade = { ...common, forwarding: { method: 'masquerade' }, servers: 1 } as const
  const tunnel = { ...common, forwarding: { method: 'tunnel', tunnel: { type: 'ipip' } } } as const
  return [
    { ...route, kind: 'not ours' },
    { ...route, kind: 'established' },
    { ...masquerade, kind: 'established' },
    { ...masquerade, kind: 'reply' },
    { ...tunnel, kind: 'established' },
  ]
}

function flows(): readonly Path[] {
  const common = { scheduler: 'rr', servers: 8, forwarding: { method: 'route' } } as const
  const tunnel = { ...common, forwarding: { method: 'tunnel', tunnel: { type: 'ipip' } } } as const
  return [
    { ...common, kind: 'established', flows: 1 << 16 },
    { ...common, kind: 'established', flows: 1 << 20 },
    { ...tunnel, kind: 'established', flows: 1 << 20 },
    { ...common, kind: 'first packet', flows: 1 << 20 },
    { ...tunnel, kind: 'first packet', flows: 1 << 20 },
  ]
}

function schedulers(): readonly Path[] {
  return SCHEDULERS.flatMap(scheduler =>
    [8, 256].map(servers => ({
      kind: 'first packet' as const,
      forwarding: { method: 'route' as const },
      scheduler,
      servers,
      flows: 1 << 16,
    })),
  )
}

/** One line for each hook. */
function measurePath(path: Path): void {
  using table = tableFor(path)
  const [tc, xdp] = [new Bench(table, path, TC), new Bench(table, path, XDP)]
  const skipsTc = tc.singly && path.flows > 1
  try {
    // At tc first: what XDP does not know of the network, it leaves to tc.
    tc.meetServers()
    xdp.populate()
    const others: number[] = []
    for (let round = 0; round < rounds; round++) {
      if (!skipsTc) tc.round()
      xdp.round()
      others.push(...measureOther(path))
    }
    if (!skipsTc) printFigures(path, tc)
    printFigures(path, xdp, others.length === 0 ? undefined : figureOf(others))
  } finally {
    tc.close()
    xdp.close()
  }
}

/** Nobody's figure, or somebody's. */
function measureOther({ kind, flows, servers, scheduler }: Path): number[] {
  if (values.against === undefined || kind === 'reply' || servers !== 8 || scheduler !== 'rr') return []
  const words = [kind.replace(' ', '-'), String(flows)]
  const { stdout, stderr, status } = spawnSync(values.against, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${values.against} ${words.join(' ')}: ${stderr}`)
  return [Number(stdout)]
}

function printFigures(path: Path, bench: Bench, other?: Figure): void {
  const { empty, wrapper, program } = bench.figures()
  const cells = [
    bench.singly ? `${bench.hook.type} *` : bench.hook.type,
    program.least.toFixed(0),
    program.median.toFixed(0),
    (program.least / empty.least).toFixed(1),
    (program.least - wrapper.least).toFixed(0),
    ...(other === undefined ? [] : [other.least.toFixed(0), (program.least / other.least).toFixed(2)]),
  ]
  console.log(pathName(path).padEnd(50) + cells.map(cell => cell.padStart(8)).join(''))
}
