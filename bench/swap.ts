/**
 * What an edit costs that changes the data path's program, compiled, verified and put to work, and one that does not.
 *
 *     npm run bench -- swap [ROUNDS]
 *
 * A table in a namespace of its own; each cell is the median of the rounds, after a few that are not counted, and the
 * first of a process that has just started.
 */
import { ip } from '../src/bytes/address.ts'
import { createNamespace, deleteNamespace, inNamespace } from '../src/kernel/namespace.ts'
import { openServiceTable, removeServiceTable } from '../src/kernel/service-table.ts'
import type { Scheduler, ServiceKey } from '../src/model/service.ts'

const rounds = Number(process.argv[2] ?? 9)
const WARMING_ROUNDS = 5
const FIRST: ServiceKey = { kind: 'address', protocol: 'TCP', address: ip('10.9.0.100'), port: 80 }
const SECOND: ServiceKey = { ...FIRST, port: 443 }
const SERVER = { port: 80, forwarding: { method: 'route' }, weight: 1, upperThreshold: 0, lowerThreshold: 0 } as const

const name = `sluice-swap-${process.pid}`
const namespace = createNamespace(name)
try {
  inNamespace(namespace, measure)
} finally {
  inNamespace(namespace, removeServiceTable)
  deleteNamespace(name)
}

function measure(): void {
  const service = (key: ServiceKey, scheduler: Scheduler) =>
    ({
      key,
      scheduler,
      schedulerFlags: [],
      onePacket: false,
      persistence: undefined,
      persistenceEngine: undefined,
    }) as const
  using table = openServiceTable()
  table.addService(service(FIRST, 'rr'))
  table.addDestination(FIRST, { address: ip('10.9.0.11'), ...SERVER })
  const address = ip('10.9.0.12')
  const figures = new Map<string, number[]>()
  for (let round = 0; round < WARMING_ROUNDS + rounds; round++) {
    const time = (what: string, work: () => void) => {
      const began = performance.now()
      work()
      const spent = figures.get(what) ?? []
      spent.push(performance.now() - began)
      figures.set(what, spent)
    }
    time('a server more', () => table.addDestination(FIRST, { address, ...SERVER }))
    time('a server less', () => table.deleteDestination(FIRST, address, 80))
    time('a scheduler more: another program', () => table.addService(service(SECOND, 'wlc')))
    time('a scheduler less: another program', () => table.deleteService(SECOND))
  }
  for (const [what, spent] of figures) {
    const sorted = spent.slice(WARMING_ROUNDS).sort((a, b) => a - b)
    console.log(
      `${what.padEnd(44)} ${milliseconds(sorted[sorted.length >> 1]!)}   worst ${milliseconds(sorted.at(-1)!)}   first ${milliseconds(spent[0]!)}`,
    )
  }
}

function milliseconds(value: number): string {
  return `${value.toFixed(2).padStart(8)} ms`
}
