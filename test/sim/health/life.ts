/**
 * A life of the checkers, told by a seed: servers flap, time leaps, the daemon reloads and crashes, an operator drains. After
 * every step the promises of `promises.ts` are looked at, and at the end, when all has been quiet for long, whether the
 * table is what the servers deserve.
 */
import assert from 'node:assert/strict'
import { ip } from '../../../src/bytes/address.ts'
import { Checkers } from '../../../src/daemon/checkers.ts'
import { miscChecker, realServer, tcpChecker, virtualServer } from '../../../src/health/samples.ts'
import type { Configuration } from '../../../src/model/configuration.ts'
import type { Checker, CheckSchedule, RealServer, VirtualServer } from '../../../src/model/virtual-server.ts'
import { Random } from '../random.ts'
import { keepPromises, tellsInTurn } from './promises.ts'
import { type Behaviour, World } from './surroundings.ts'

const STEPS = 60
const SETTLING_MS = 20 * 60_000
const SCRIPT = { argv: ['/bin/true'], user: undefined, group: undefined }

export function live(seed: number, tell: (line: string) => void = () => {}): void {
  const random = new Random(seed)
  const world = new World(random)
  let servers = invent(random)
  let checkers = new Checkers(world)
  checkers.configure(configuration(servers))
  for (let i = 0; i < STEPS; i++) {
    const [text, restarted] = happen()
    tell(`${(world.now() / 1000).toFixed(1)} ${text}`)
    if (restarted) checkers = restarted
    world.run(random.between(0, 15_000), random.chance(0.05) ? random.between(0, 120_000) : 0)
    settle()
  }
  for (const [endpoint, behaviour] of world.behaviours)
    if (behaviour === 'cannot be asked') world.behaviours.set(endpoint, 'answers')
  for (const { service } of servers) if (service.kind === 'address') world.here.add(service.address)
  checkers.addressesChanged()
  world.run(SETTLING_MS)
  settle()
  for (const [i, { realServers }] of servers.entries())
    for (const [j, server] of realServers.entries())
      assert.equal(checkers.report()[i]?.realServers[j]?.up, deserves(world, server), `${server.address} in the end`)
  if (process.env.HEALTH_SEED !== undefined) for (const line of world.lines) tell(line)
  tellsInTurn(world.lines)
  checkers.stop()
  assert.equal(world.openChannels, 0)
  assert.deepEqual(world.table.services(), [])

  /** The table follows within a moment, in which other things may happen: one of a few moments must find all in order. */
  function settle(): void {
    for (let tries = 10; ; tries--) {
      world.run(60)
      try {
        keepPromises(world, servers, checkers.report())
        return
      } catch (error) {
        if (tries === 0) throw error
      }
    }
  }

  function happen(): readonly [string, Checkers?] {
    const { address, checkers: own } = random.pick(random.pick(servers).realServers)
    switch (random.integer(0, 11)) {
      case 0: {
        // Checks that are others now begin anew, and nothing is told of that.
        const others = random.chance(0.5)
        if (others) world.lines.push('others')
        servers = others
          ? invent(random)
          : servers.map(one => ({ ...one, quorum: random.integer(1, 3), hysteresis: 0 }))
        checkers.configure(configuration(servers))
        return ['a reload']
      }
      case 1: {
        world.crash()
        const returned = new Checkers(world)
        returned.configure(configuration(servers))
        return ['a crash', returned]
      }
      case 2: {
        const drained = random.chance(0.5)
        checkers.drain(address, drained)
        return [`${address} is ${drained ? '' : 'un'}drained`]
      }
      case 3:
        world.status = random.pick([0, 0, 1, 2, 5, 9])
        return [`programs exit with ${world.status}`]
      case 4:
        world.writeNumber(random.integer(-3, 3))
        return ['a number changes']
      case 5: {
        const { service } = random.pick(servers)
        if (service.kind !== 'address') return ['nothing']
        if (!world.here.delete(service.address)) world.here.add(service.address)
        checkers.addressesChanged()
        return [`${service.address} comes or goes`]
      }
      default: {
        const behaviour = random.pick<Behaviour>(['answers', 'answers', 'refuses', 'hangs', 'cannot be asked'])
        for (const { target } of own)
          if (random.chance(0.7)) world.behaviours.set(`${target.address}:${target.port}`, behaviour)
        return [`${address} ${behaviour}`]
      }
    }
  }
}

/** By what its targets do now; what a program says counts for all. */
function deserves(world: World, server: RealServer): boolean {
  const files = server.following.every(one => one.type !== 'FILE_CHECK' || one.weight !== 0)
  return (
    files &&
    server.checkers.every(checker => {
      if (checker.type === 'MISC_CHECK') return world.status === 0 || (checker.dynamic && world.status >= 2)
      const behaviour = world.behaviours.get(`${checker.target.address}:${checker.target.port}`) ?? 'answers'
      return behaviour === 'answers'
    })
  )
}

function configuration(virtualServers: readonly VirtualServer[]): Configuration {
  const global = { routerId: 'SIM', lvsTimeouts: undefined }
  const trackFiles = [{ name: 'number', path: '/number', weight: 1, reverse: false, init: undefined }]
  return { virtualServers, global, trackFiles, vrrpInstances: [] } as unknown as Configuration
}

/** Services whose servers overlap, so that probes are shared. */
function invent(random: Random): readonly VirtualServer[] {
  return Array.from({ length: random.integer(1, 4) }, (_, i) => {
    const alpha = random.chance(0.3)
    const realServers = Array.from({ length: random.integer(1, 5) }, (_, j) => inventServer(random, j, alpha))
    const weights = realServers.reduce((sum, { weight }) => sum + weight, 0)
    const quorum = Math.max(1, Math.min(random.integer(1, 4), weights))
    return virtualServer({
      service: { kind: 'address', protocol: 'TCP', address: ip(`10.0.1.${i + 1}`), port: 80 },
      realServers,
      alpha,
      quorum,
      hysteresis: Math.min(random.integer(0, 2), quorum - 1),
      sorryServer: random.chance(0.4)
        ? realServer({ address: ip('10.0.3.1'), checkers: [], inhibitOnFailure: random.chance(0.3) })
        : undefined,
      suspendWithoutAddress: random.chance(0.2),
      smtpAlert: true,
      quorumUp: SCRIPT,
      quorumDown: SCRIPT,
    })
  })
}

function inventServer(random: Random, index: number, alpha: boolean): RealServer {
  const address = ip(`10.0.2.${index + 1}`)
  const schedule: CheckSchedule = {
    intervalMs: random.pick([1000, 2000, 6000]),
    retries: random.integer(0, 3),
    retryDelayMs: random.pick([0, 500, 3000]),
    warmupMs: random.pick([0, 2000]),
    alpha,
    rises: random.pick([1, 1, 3]),
    logAllFailures: false,
  }
  const tcp = (port: number) =>
    tcpChecker({ schedule, target: { ...tcpChecker().target, address, port, connectTimeoutMs: 1500 } })
  const checkers: readonly Checker[] = random.pick<() => readonly Checker[]>([
    () => [tcp(80)],
    () => [tcp(80), tcp(8080)],
    () => [tcp(80), miscChecker({ schedule, script: SCRIPT, timeoutMs: 900, dynamic: random.chance(0.5) })],
  ])()
  return realServer({
    address,
    weight: random.pick([0, 1, 2, 10]),
    inhibitOnFailure: random.chance(0.3),
    slowStartMs: random.pick([0, 0, 20_000]),
    checkers,
    following: random.chance(0.2) ? [{ type: 'FILE_CHECK', trackFile: 'number', weight: 2, reverse: false }] : [],
    alpha,
    smtpAlert: true,
    notifyUp: SCRIPT,
    notifyDown: SCRIPT,
  })
}
