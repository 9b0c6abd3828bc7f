/** A cluster drawn from a seed: how many routers, which of VRRP's many settings, how good their clocks are. */
import { type Ip, ip } from '../../src/bytes/address.ts'
import type { VrrpAuthentication, VrrpInstance, VrrpSyncGroup } from '../../src/model/vrrp-instance.ts'
import { INSTANCE, virtualAddress } from '../../src/vrrp/testdata/instance.ts'
import type { Clock } from './machine.ts'
import type { Random } from './random.ts'

export interface Router {
  readonly name: string
  readonly address: Ip
  readonly instances: readonly VrrpInstance[]
  readonly groups: readonly VrrpSyncGroup[]
  readonly clock: Clock
}

export interface Cluster {
  readonly routers: readonly Router[]
  /** The longest interval, and the longest limit of silence, that any of them has. */
  readonly intervalMs: number
  readonly limitMs: number
  /** Every router preempts at once, so that the best must be active in the end. */
  readonly preempts: boolean
}

const LINKS = ['eth0', 'eth1']

export function drawCluster(random: Random): Cluster {
  const count = random.chance(0.02) ? random.integer(6, 16) : random.integer(2, 5)
  const addresses = Array.from({ length: count }, (_, i) => ip(`10.0.0.${i + 1}`))
  const version = random.pick([2, 3] as const)
  const grouped = random.chance(0.25)
  const unicast = random.chance(0.15)
  const preempts = random.chance(0.6)
  const owners = random.chance(0.1)
  const ties = random.chance(0.3)
  const intervalMs = random.pick(version === 2 ? [1000, 2000, 5000] : [10, 50, 200, 1000, 4000])
  const mixed = version === 3 && random.chance(0.2)
  const authentication = drawAuthentication(random, version)
  const higherPrioritySendAdvert = random.chance(0.1)
  const downTimerAdverts = random.chance(0.1) ? random.integer(2, 6) : 3

  const routers = addresses.map((address, i): Router => {
    const priority = ties ? 100 : random.integer(1, 254)
    const owner = owners && random.chance(0.5)
    const basis: VrrpInstance = {
      ...INSTANCE,
      version,
      initialState: owner ? 'master' : 'backup',
      priority: owner ? 255 : priority,
      advertIntervalMs: mixed ? intervalMs * random.pick([1, 2, 5]) : intervalMs,
      authentication,
      preempt: owner || preempts || random.chance(0.5),
      preemptDelayMs: !owner && !preempts && random.chance(0.3) ? random.integer(0, 5) * intervalMs : 0,
      unicastPeers: unicast ? addresses.filter(peer => peer !== address) : [],
      higherPrioritySendAdvert,
      downTimerAdverts,
      garp: { ...INSTANCE.garp, delayMs: 0 },
    }
    const instances = (grouped ? LINKS : LINKS.slice(0, 1)).map((link, n) => ({
      ...basis,
      name: `VI_${n + 1}`,
      interface: link,
      routerId: 51 + n,
      addresses: [virtualAddress(ip(`10.0.${n}.100`))],
    }))
    const { track, notify } = INSTANCE
    const group = { name: 'G', instances: instances.map(({ name }) => name), track, notify, trackingWeight: false }
    const clock = { offsetMs: random.between(0, 1e6), rate: random.between(0.99, 1.01) }
    return { name: `r${i + 1}`, address, instances, groups: grouped ? [group] : [], clock }
  })
  const all = routers.flatMap(({ instances }) => instances)
  const longestMs = Math.max(...all.map(({ advertIntervalMs }) => advertIntervalMs))
  // Computed here once more, so that the code under test does not set its own marks: RFC 9568 section 6.1.
  const limitMs = downTimerAdverts * longestMs + (version === 2 ? 1000 : longestMs)
  return { routers, intervalMs: longestMs, limitMs, preempts }
}

function drawAuthentication(random: Random, version: 2 | 3): VrrpAuthentication {
  if (version === 3 || random.chance(0.7)) return { type: 'none' }
  return { type: random.chance(0.7) ? 'pass' : 'ah', password: 'secret' }
}
