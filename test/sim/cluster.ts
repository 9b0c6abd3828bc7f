/** A cluster drawn from a seed: how many routers, which of VRRP's many settings, how good their clocks are. */
import { type Ip, ip } from '../../src/bytes/address.ts'
import type {
  Signature,
  Tracked,
  Tracking,
  VrrpAuthentication,
  VrrpInstance,
  VrrpSyncGroup,
} from '../../src/model/vrrp-instance.ts'
import { INSTANCE, virtualAddress } from '../../src/vrrp/testdata/instance.ts'
import type { Clock } from './machine.ts'
import type { Random } from './random.ts'

export interface Router {
  readonly name: string
  readonly address: Ip
  readonly setup: Setup
  readonly clock: Clock
}

/** What a machine is configured to do. */
export interface Setup {
  readonly instances: readonly VrrpInstance[]
  readonly groups: readonly VrrpSyncGroup[]
}

export interface Cluster {
  readonly routers: readonly Router[]
  /** The longest interval, and the longest limit of silence, that any of them has. */
  readonly intervalMs: number
  readonly limitMs: number
  /** Every router preempts at once, so that the best must be active in the end. */
  readonly preempts: boolean
}

const SIGNATURE: Signature = {
  keys: [{ id: 1, key: `hex:${'5a'.repeat(32)}` }],
  activeKey: 1,
  windowS: 5,
  mode: 'enforce',
}

const LINKS = ['eth0', 'eth1'] as const

/** The one script that routers may track. */
export const SCRIPT = 'check'

export function drawCluster(random: Random): Cluster {
  const count = drawCount(random)
  const family = random.chance(0.1) ? 6 : 4
  const address = (host: string | number) => ip(family === 6 ? `fe80::${host}` : `10.0.0.${host}`)
  const addresses = Array.from({ length: count }, (_, i) => address(i + 1))
  const version = family === 6 ? 3 : random.pick([2, 3] as const)
  const grouped = random.chance(0.2)
  const unicast = count <= 16 && random.chance(0.15)
  const preempts = random.chance(0.6)
  const owners = random.chance(0.1)
  const ties = random.chance(0.3)
  const intervalMs = random.pick(version === 2 ? [1000, 2000, 5000] : [10, 50, 200, 1000, 4000])
  const mixed = version === 3 && random.chance(0.2)
  const signature = random.chance(0.05) ? SIGNATURE : undefined
  const authentication: VrrpAuthentication =
    signature === undefined ? drawAuthentication(random, version) : { type: 'none' }
  const higherPrioritySendAdvert = random.chance(0.1)
  const downTimerAdverts = random.chance(0.1) ? random.integer(2, 6) : 3
  const tracks = random.chance(0.2)

  const routers = addresses.map((own, i): Router => {
    const priority = ties ? 100 : random.integer(1, 254)
    const owner = owners && random.chance(0.5)
    const basis: VrrpInstance = {
      ...INSTANCE,
      version,
      family,
      initialState: owner ? 'master' : 'backup',
      priority: owner ? 255 : priority,
      advertIntervalMs: mixed ? intervalMs * random.pick([1, 2, 5]) : intervalMs,
      authentication,
      signature,
      preempt: owner || preempts || random.chance(0.5),
      preemptDelayMs: !owner && !preempts && random.chance(0.3) ? random.integer(0, 5) * intervalMs : 0,
      unicastPeers: unicast ? addresses.filter(peer => peer !== own) : [],
      multicastGroup: ip(family === 6 ? 'ff02::12' : '224.0.0.18'),
      higherPrioritySendAdvert,
      downTimerAdverts,
      track: tracks ? drawTracking(random) : INSTANCE.track,
      garp: { ...INSTANCE.garp, repeat: 1, delayMs: 0, lowerPriorityRepeat: 1, lowerPriorityDelayMs: 0 },
    }
    const instances = (grouped ? LINKS : LINKS.slice(0, 1)).map((link, n) => ({
      ...basis,
      name: `VI_${n + 1}`,
      interface: link,
      routerId: 51 + n,
      addresses: [virtualAddress(address(100 + n))],
    }))
    const { track, notify } = INSTANCE
    const group = { name: 'G', instances: instances.map(({ name }) => name), track, notify, trackingWeight: false }
    const clock = { offsetMs: random.between(0, 1e6), rate: random.between(0.99, 1.01) }
    return { name: `r${i + 1}`, address: own, setup: { instances, groups: grouped ? [group] : [] }, clock }
  })
  const all = routers.flatMap(({ setup }) => setup.instances)
  const longestMs = Math.max(...all.map(({ advertIntervalMs }) => advertIntervalMs))
  // Computed here once more, so that the code under test does not set its own marks: RFC 9568 section 6.1.
  const limitMs = downTimerAdverts * longestMs + (version === 2 ? 1000 : longestMs)
  return { routers, intervalMs: longestMs, limitMs, preempts }
}

/** Two or three as in most places; a crowd now and then, where every packet costs as much as there are ears. */
function drawCount(random: Random): number {
  if (random.chance(0.0005)) return random.integer(17, 64)
  if (random.chance(0.005)) return random.integer(6, 16)
  return random.chance(0.1) ? random.integer(4, 5) : random.integer(2, 3)
}

function drawAuthentication(random: Random, version: 2 | 3): VrrpAuthentication {
  if (version === 3 || random.chance(0.7)) return { type: 'none' }
  return { type: random.chance(0.8) ? 'pass' : 'ah', password: 'secret' }
}

function drawTracking(random: Random): Tracking {
  const script: Tracked = { name: SCRIPT, weight: random.pick([0, 0, -60, 60]), reverse: random.chance(0.1) }
  return { ...INSTANCE.track, scripts: [script] }
}
