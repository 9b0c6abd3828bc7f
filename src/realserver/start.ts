import { type Ip, ipFamily } from '../bytes/address.ts'
import type { ChangedSysctl, HeldAddress, Memory } from './memory.ts'
import { isOnLoopback, type Observation } from './observation.ts'
import type { Operation, Plan } from './operation.ts'
import { SUPPRESSIONS, suppresses } from './suppression.ts'

/** What it takes to serve `addresses`. Suppression comes first: the address must not be answered for even once. */
export function planStart(addresses: readonly Ip[], observation: Observation, memory: Memory): Plan {
  const wanted = [...new Set(addresses)]
  const sysctls = wanted.some(address => ipFamily(address) === 4) ? planSuppression(observation, memory) : []
  const remembered = new Set(memory.sysctls.map(({ name }) => name))
  const held = new Set(memory.addresses.map(({ address }) => address))
  return {
    memory: {
      loopbackWasDown: memory.loopbackWasDown || !observation.loopbackUp,
      addresses: [
        ...memory.addresses,
        ...wanted.filter(address => !held.has(address)).map(address => before(address, observation)),
      ],
      sysctls: [...memory.sysctls, ...sysctls.filter(({ name }) => !remembered.has(name))],
    },
    operations: [
      ...sysctls.map(({ name, ours }): Operation => ({ kind: 'sysctl', name, value: ours })),
      ...(observation.loopbackUp ? [] : [{ kind: 'link', up: true } as const]),
      ...wanted.flatMap(address => planAddress(address, observation)),
    ],
    remarks: [],
  }
}

function planSuppression({ sysctls }: Observation, memory: Memory): ChangedSysctl[] {
  return SUPPRESSIONS.flatMap(suppression => {
    const { name, value } = suppression
    const current = sysctls[name]
    if (current === undefined || suppresses(suppression, current)) return []
    const earlier = memory.sysctls.find(changed => changed.name === name)
    return [{ name, before: earlier?.before ?? current, ours: value }]
  })
}

function before(address: Ip, observation: Observation): HeldAddress {
  return {
    address,
    addressWasThere: isOnLoopback(observation, address),
    routeWasThere: observation.loopbackRoutes.includes(address),
  }
}

function planAddress(address: Ip, observation: Observation): Operation[] {
  return [
    ...(isOnLoopback(observation, address) ? [] : [{ kind: 'add-address', address } as const]),
    ...(observation.loopbackRoutes.includes(address) ? [] : [{ kind: 'add-route', address } as const]),
  ]
}
