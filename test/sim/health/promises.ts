/** What must hold of health checks, whatever happens. */
import assert from 'node:assert/strict'
import { BURST, WINDOW_MS } from '../../../src/health/letter.ts'
import { endpointText, serviceKeyText } from '../../../src/model/service.ts'
import type { VirtualServer } from '../../../src/model/virtual-server.ts'
import type { RealServerSnapshot, VirtualServerSnapshot } from '../../../src/observe/snapshot.ts'
import type { World } from './surroundings.ts'

/** The table is a function of the states, and of nothing else. */
export function keepPromises(
  world: World,
  servers: readonly VirtualServer[],
  reports: readonly VirtualServerSnapshot[],
): void {
  assert.deepEqual(
    world.table
      .services()
      .map(({ key }) => serviceKeyText(key))
      .sort(),
    servers.map(({ service }) => serviceKeyText(service)).sort(),
  )
  for (const [i, server] of servers.entries()) {
    const report = reports[i]!
    for (const one of report.realServers)
      assert.equal(
        one.up,
        one.checkers.every(({ up }) => up),
        `${one.address}`,
      )
    holdsQuorum(server, report)
    holdsTable(world, server, report)
    if (server.alpha) provesFirst(world, server, report)
  }
  mailsInBounds(world)
}

function holdsQuorum(
  { quorum, hysteresis }: VirtualServer,
  { quorum: held, realServers }: VirtualServerSnapshot,
): void {
  const sum = realServers.reduce((weight, one) => weight + (one.up ? one.fullWeight : 0), 0)
  if (sum >= quorum + hysteresis) assert.equal(held, true, `a weight of ${sum} is enough`)
  if (sum === 0 || sum < quorum - hysteresis) assert.equal(held, false, `a weight of ${sum} is not enough`)
}

function holdsTable(world: World, server: VirtualServer, report: VirtualServerSnapshot): void {
  const table = world.table.service(server.service)
  const held = new Map(table?.destinations.map(one => [endpointText(one.address, one.port), one.weight]))
  const sorry = server.sorryServer
  const replaced = sorry !== undefined && !report.quorum
  for (const [i, one] of report.realServers.entries()) {
    const { inhibitOnFailure } = server.realServers[i]!
    const name = endpointText(one.address, one.port)
    const weight = held.get(name)
    held.delete(name)
    if (one.up && (!replaced || one.drained)) isInRange(weight, one)
    else assert.equal(weight, inhibitOnFailure ? 0 : undefined, `${name} is out`)
  }
  if (sorry !== undefined) {
    const name = endpointText(sorry.address, sorry.port)
    assert.equal(held.get(name), replaced ? sorry.weight : sorry.inhibitOnFailure ? 0 : undefined, 'the sorry server')
    held.delete(name)
  }
  assert.deepEqual([...held.keys()], [], 'nobody else is in the table')
}

/** As heavy as it should be, or on its way there. */
function isInRange(weight: number | undefined, { address, fullWeight, drained }: RealServerSnapshot): void {
  assert.ok(weight !== undefined, `${address} is in`)
  assert.ok(
    weight <= fullWeight && weight >= Math.min(fullWeight, 1),
    `${address} has weight ${weight} of ${fullWeight}`,
  )
  if (drained) assert.equal(weight, 0)
}

/** In alpha mode nobody serves who was not found well. */
function provesFirst(world: World, server: VirtualServer, report: VirtualServerSnapshot): void {
  for (const [i, one] of report.realServers.entries()) {
    if (!one.serving) continue
    for (const checker of server.realServers[i]!.checkers)
      if (checker.type === 'TCP_CHECK')
        assert.ok(world.proved.has(`${checker.target.address}:${checker.target.port}`), `${one.address} is proved`)
  }
}

/** About one thing no more than a handful within the window, and what sums them up; a crash forgets what was mailed. */
function mailsInBounds({ letters }: World): void {
  const sent = new Map<string, number[]>()
  for (const { at, life, subject } of letters) {
    const about = `${life} ${subject.replace(/ - (UP|DOWN)$/, '')}`
    const moments = sent.get(about) ?? []
    sent.set(about, [...moments, at])
    const first = moments.at(-BURST - 1)
    assert.ok(first === undefined || at - first >= WINDOW_MS, `too many mails: ${subject}`)
  }
}

/** Up follows down, and down up, for everything that is told of, in each life of the daemon and of its checks. */
export function tellsInTurn(lines: readonly string[]): void {
  let last = new Map<string, string>()
  for (const line of lines) {
    if (line === 'crash' || line === 'others') {
      last = new Map()
      continue
    }
    const [, name = '', state = ''] = /^(.*) (UP|DOWN)$/.exec(line) ?? []
    assert.notEqual(last.get(name), state, `${line}, twice`)
    last.set(name, state)
  }
}
