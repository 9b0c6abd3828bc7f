import { type Ip, ipFamily } from '../bytes/address.ts'
import { hostPrefix, isOnLoopback, type Observation } from './observation.ts'
import { SUPPRESSIONS, suppresses } from './suppression.ts'

export interface Finding {
  readonly sound: boolean
  readonly text: string
}

/** What holds and what is wrong with serving `addresses` from `lo`, each wrong with its remedy. */
export function judge(addresses: readonly Ip[], observation: Observation): Finding[] {
  if (addresses.length === 0) return []
  const suppression = addresses.some(address => ipFamily(address) === 4)
  return [
    ...(observation.loopbackUp ? [] : [wrong(`lo is down; ${remedy(addresses)}`)]),
    ...addresses.flatMap(address => judgeAddress(address, observation)),
    ...(suppression ? judgeSuppression(addresses, observation) : []),
  ]
}

function judgeAddress(address: Ip, observation: Observation): Finding[] {
  const prefix = hostPrefix(address)
  const elsewhere = observation.addresses.filter(
    held => held.address === address && !(held.interface === 'lo' && held.prefix === prefix),
  )
  return [
    isOnLoopback(observation, address)
      ? sound(`${address} is on lo as /${prefix}`)
      : wrong(`${address} is not on lo as /${prefix}; ${remedy([address])}`),
    observation.loopbackRoutes.includes(address)
      ? sound(`${address} has its route to lo`)
      : wrong(`${address} has no route to lo; ${remedy([address])}`),
    ...elsewhere.map(held => wrong(misplaced(held))),
  ]
}

function misplaced({ interface: device, address, prefix }: Observation['addresses'][number]): string {
  const removal = `ip address del ${address}/${prefix} dev ${device}`
  return device === 'lo'
    ? `${address} is on lo as /${prefix}, which makes the whole network local and unreachable; ${removal}`
    : `${address} is on ${device}, which answers for it in the director's place; ${removal}`
}

function judgeSuppression(addresses: readonly Ip[], { sysctls }: Observation): Finding[] {
  return SUPPRESSIONS.map(suppression => {
    const { name, value, otherwise } = suppression
    const current = sysctls[name]
    if (current === undefined) return wrong(`${name} does not exist here: IPv4 is missing from this kernel`)
    if (suppresses(suppression, current)) return sound(`${name} is ${current}`)
    return wrong(`${name} is ${current}, not ${value}: ${otherwise}; ${remedy(addresses)}`)
  })
}

function remedy(addresses: readonly Ip[]): string {
  return `sluice realserver start ${addresses.join(' ')}`
}

function sound(text: string): Finding {
  return { sound: true, text }
}

function wrong(text: string): Finding {
  return { sound: false, text }
}
