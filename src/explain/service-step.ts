/** Which service the packet asks for; if none, which come near, and what is different. */
import { ipFamily } from '../bytes/address.ts'
import { endpointText, type ServiceKey, serviceKeyText } from '../model/service.ts'
import type { VirtualService } from '../model/virtual-service.ts'
import type { Step } from './explanation.ts'
import type { Question } from './question.ts'
import type { ServiceView } from './standing.ts'
import type { Told, Trial } from './trial.ts'

export function serviceStep(question: Question, trial: Trial): Step | undefined {
  const found = trial.told.find(({ event }) => event === 'service')?.service
  if (found !== undefined) {
    const byAnyPort = trial.told.some(({ event }) => event === 'any-port')
    const others = byAnyPort ? ['no service of that port alone; this one takes every port of its address'] : []
    return { about: 'service', lines: [serviceLine(found), ...others] }
  }
  const missed = trial.told.some(({ event }) => event === 'no-service' || event === 'other-protocol')
  if (!missed || isReply(trial.told)) return undefined
  return { about: 'service', lines: ['none', ...nearMisses(question, trial.before.services())] }
}

/** `TCP 192.168.41.249:80: wlc, 3 servers, persistent for 300 s`. */
function serviceLine({ key, scheduler, servers, persistence, onePacket }: ServiceView): string {
  const words = [
    scheduler === 'none' ? 'no scheduler' : scheduler,
    servers.length === 1 ? '1 server' : `${servers.length} servers`,
    ...(persistence === undefined ? [] : [`persistent for ${persistence.timeoutS} s by /${persistence.prefix}`]),
    ...(onePacket ? ['one packet at a time'] : []),
  ]
  return `${serviceKeyText(key)}: ${words.join(', ')}`
}

function isReply(told: readonly Told[]): boolean {
  return told.some(({ event }) => event === 'reply' || event === 'no-reply')
}

const NEAREST_MAX = 4

/** The services that differ least, each with what is different. */
function nearMisses(question: Question, services: readonly VirtualService[]): readonly string[] {
  if (services.length === 0) return ['the table has no services']
  const ranked = services
    .map(({ key }) => ({ key, differences: differences(question, key) }))
    .sort((a, b) => a.differences.length - b.differences.length)
  const nearest = ranked.filter(({ differences }) => differences.length <= 2).slice(0, NEAREST_MAX)
  const rest = services.length - nearest.length
  return [
    ...nearest.map(({ key, differences }) => `not ${serviceKeyText(key)}: ${differences.join(', ')}`),
    ...(rest === 0 ? [] : [`nor any of ${rest} others`]),
  ]
}

function differences(question: Question, key: ServiceKey): readonly string[] {
  const { destination, protocol, mark } = question
  if (key.kind === 'mark') {
    return key.mark === mark && key.family === ipFamily(destination.address)
      ? ['the mark is looked at when the stack has routed the packet, which is not explained']
      : [mark === 0 ? 'the packet has no mark (see --mark)' : `the packet's mark is ${mark}`]
  }
  return [
    ...(key.address === destination.address ? [] : [`the packet is for ${destination.address}`]),
    ...(key.protocol.toLowerCase() === protocol ? [] : [`the packet is ${protocol.toUpperCase()}`]),
    ...(key.port === 0 || key.port === destination.port ? [] : [`the packet is for port ${destination.port}`]),
  ]
}

/** For what a verdict calls a service that was asked for. */
export function askedText({ destination, protocol }: Question): string {
  const where = protocol === 'icmp' ? destination.address : endpointText(destination.address, destination.port)
  return `${protocol.toUpperCase()} ${where}`
}
