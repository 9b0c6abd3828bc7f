import { type Ip, ipFamily } from '../bytes/address.ts'
import type { ChangedSysctl, HeldAddress, Memory } from './memory.ts'
import { isOnLoopback, type Observation } from './observation.ts'
import type { Operation, Plan } from './operation.ts'

/**
 * What it takes to put back what was there before `addresses` were served, all of them if undefined. Suppression goes
 * last, and only with the last address that needs it.
 */
export function planStop(addresses: readonly Ip[] | undefined, observation: Observation, memory: Memory): Plan {
  const leaving = memory.addresses.filter(({ address }) => addresses === undefined || addresses.includes(address))
  const staying = memory.addresses.filter(held => !leaving.includes(held))
  const sysctls = staying.some(({ address }) => ipFamily(address) === 4) ? [] : memory.sysctls
  const lowered = memory.loopbackWasDown && staying.length === 0 && !hasForeign(observation, leaving)
  return {
    memory: {
      loopbackWasDown: staying.length > 0 && memory.loopbackWasDown,
      addresses: staying,
      sysctls: memory.sysctls.filter(changed => !sysctls.includes(changed)),
    },
    operations: [
      ...leaving.flatMap(held => planAddress(held, observation)),
      ...sysctls.filter(changed => isOurs(changed, observation)).map(putBack),
      ...(lowered && observation.loopbackUp ? [{ kind: 'link', up: false } as const] : []),
    ],
    remarks: [
      ...(addresses ?? [])
        .filter(address => !memory.addresses.some(held => held.address === address))
        .map(address => strangerRemark(address, observation)),
      ...sysctls
        .filter(changed => !isOurs(changed, observation))
        .map(
          ({ name, before }) => `${name} was changed by somebody else since, and is left so; it was ${before} before`,
        ),
    ],
  }
}

function planAddress({ address, addressWasThere, routeWasThere }: HeldAddress, observation: Observation): Operation[] {
  const route = !routeWasThere && observation.loopbackRoutes.includes(address)
  return [
    ...(route ? [{ kind: 'delete-route', address } as const] : []),
    ...(!addressWasThere && isOnLoopback(observation, address) ? [{ kind: 'delete-address', address } as const] : []),
  ]
}

function isOurs({ name, ours }: ChangedSysctl, { sysctls }: Observation): boolean {
  return sysctls[name] === ours
}

function putBack({ name, before }: ChangedSysctl): Operation {
  return { kind: 'sysctl', name, value: before }
}

/** Addresses on `lo` beyond the ones that leave and the kernel's own; with such in use, `lo` stays up. */
function hasForeign({ addresses }: Observation, leaving: readonly HeldAddress[]): boolean {
  return addresses.some(
    ({ interface: device, address }) =>
      device === 'lo' &&
      address !== '::1' &&
      !address.startsWith('127.') &&
      !leaving.some(held => held.address === address && !held.addressWasThere),
  )
}

function strangerRemark(address: Ip, observation: Observation): string {
  return isOnLoopback(observation, address)
    ? `${address} is on lo, but not by sluice: it is left there`
    : `${address} is not served here: nothing to do`
}
