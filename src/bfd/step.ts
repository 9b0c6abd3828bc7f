import type { BfdInstance } from '../model/bfd-instance.ts'
import { after, type Instant } from '../model/time.ts'
import {
  type BfdPacket,
  type BfdState,
  DETECTION_TIME_EXPIRED,
  NEIGHBOUR_SIGNALLED_DOWN,
  NO_DIAGNOSTIC,
} from '../wire/bfd.ts'
import { desiredMinTxMs, detectionMs, jittered, txIntervalMs } from './intervals.ts'
import type { Session, SessionEffect, SessionEvent, SessionStep } from './session.ts'

/** RFC 5880 section 6.8.1: before the neighbour says otherwise, it hears anything. */
const FIRST_MIN_RX_MS = 0.001

/** Not heard of yet; an active one speaks at once. `discriminator`: from 1 on, no other session's, hard to guess. */
export function startSession({ passive }: BfdInstance, discriminator: number, now: Instant): Session {
  return {
    state: 'down',
    remoteState: 'down',
    diagnostic: NO_DIAGNOSTIC,
    remoteDiagnostic: NO_DIAGNOSTIC,
    discriminator,
    remoteDiscriminator: 0,
    remoteMinTxMs: 0,
    remoteMinRxMs: FIRST_MIN_RX_MS,
    remoteMultiplier: 0,
    remoteDemand: false,
    polling: false,
    heardAt: undefined,
    sendAt: passive ? undefined : now,
    expireAt: undefined,
    forgetAt: undefined,
  }
}

/** What an event makes of the session. `random` is in [0, 1) and spreads the packets in time. */
export function stepSession(
  instance: BfdInstance,
  session: Session,
  event: SessionEvent,
  now: Instant,
  random: number,
): SessionStep {
  switch (event.type) {
    case 'heard':
      return hear(instance, session, event.packet, now, random)
    case 'wake':
      return wake(instance, session, now, random)
    case 'retimed':
      return retime(instance, session, now, random)
  }
}

function wake(instance: BfdInstance, before: Session, now: Instant, random: number): SessionStep {
  let session = before
  const effects: SessionEffect[] = []
  if (session.expireAt !== undefined && session.expireAt <= now) {
    const { name } = instance
    if (session.state === 'up') {
      const silenceMs = now - (session.heardAt ?? now)
      const lateUs = Math.round((now - session.expireAt) * 1000)
      effects.push(log(`(${name}) Expired after ${Math.trunc(silenceMs)} ms (${lateUs} usec overdue)`))
    }
    const fallen = fall(instance, session, DETECTION_TIME_EXPIRED, now, random)
    session = { ...fallen.session, remoteDiscriminator: 0 }
    effects.push(...fallen.effects)
  }
  if (session.forgetAt !== undefined && session.forgetAt <= now) {
    session = {
      ...session,
      remoteState: 'down',
      remoteDiscriminator: 0,
      remoteDiagnostic: NO_DIAGNOSTIC,
      remoteDemand: false,
      polling: false,
      forgetAt: undefined,
    }
  }
  if (session.sendAt !== undefined && session.sendAt <= now) {
    effects.push({ type: 'send', packet: packetOf(instance, session, false) })
    session = { ...session, sendAt: nextSend(instance, session, now, random) }
  }
  return { session, effects }
}

/** RFC 5880 section 6.8.6, from where the session has been found. */
function hear(instance: BfdInstance, before: Session, packet: BfdPacket, now: Instant, random: number): SessionStep {
  const heard: Session = {
    ...before,
    remoteState: packet.state,
    remoteDiagnostic: packet.diagnostic,
    remoteDiscriminator: packet.myDiscriminator,
    remoteMinTxMs: packet.desiredMinTxUs / 1000,
    remoteMinRxMs: packet.requiredMinRxUs / 1000,
    remoteMultiplier: packet.multiplier,
    remoteDemand: packet.demand,
    polling: before.polling && !packet.final,
    heardAt: now,
  }
  const effects: SessionEffect[] = []
  const [detection, detectionBefore] = [detectionMs(instance, heard), detectionMs(instance, before)]
  if (detection !== detectionBefore) {
    const indent = ' '.repeat(instance.name.length + 2)
    const [us, usBefore] = [detection, detectionBefore].map(ms => Math.round(ms * 1000))
    effects.push(log(`${indent} Detection time is ${us} us (was ${usBefore} us)`))
  }
  const turned = turn(instance, heard, packet.state, now, random)
  effects.push(...turned.effects)
  let { session } = turned
  if (session.state !== 'down') session = { ...session, expireAt: after(now, detectionMs(instance, session)) }
  session = { ...session, sendAt: sendAtAfter(instance, before, session, now, random) }
  if (packet.poll) effects.push({ type: 'send', packet: packetOf(instance, session, true) })
  return { session, effects }
}

/** The state machine proper. */
function turn(instance: BfdInstance, session: Session, remote: BfdState, now: Instant, random: number): SessionStep {
  switch (session.state) {
    case 'down':
      if (remote === 'down') return rise(instance, session, 'init', now)
      if (remote === 'init') return rise(instance, session, 'up', now)
      break
    case 'init':
      if (remote === 'admin-down') return fall(instance, session, NEIGHBOUR_SIGNALLED_DOWN, now, random)
      if (remote === 'init' || remote === 'up') return rise(instance, session, 'up', now)
      break
    case 'up':
      if (remote === 'down' || remote === 'admin-down')
        return fall(instance, session, NEIGHBOUR_SIGNALLED_DOWN, now, random)
  }
  return { session, effects: [] }
}

function rise(instance: BfdInstance, session: Session, state: 'init' | 'up', now: Instant): SessionStep {
  const risen: Session = {
    ...session,
    state,
    diagnostic: NO_DIAGNOSTIC,
    forgetAt: undefined,
    expireAt: after(now, detectionMs(instance, session)),
    polling: state === 'up' && instance.idleTxMs !== instance.minTxMs,
  }
  if (state === 'init') return { session: risen, effects: [] }
  const effects: SessionEffect[] = [log(`(${instance.name}) Entering Up state`)]
  if (risen.polling) effects.push(log(`(${instance.name}) Starting poll sequence`, true))
  return { session: risen, effects: [...effects, { type: 'changed', up: true }] }
}

/** A neighbour that goes in good order (admin-down) says nothing about the path: nobody is told (RFC 5882 section 4.2). */
function fall(instance: BfdInstance, before: Session, diagnostic: number, now: Instant, random: number): SessionStep {
  const session: Session = {
    ...before,
    state: 'down',
    diagnostic,
    polling: false,
    expireAt: undefined,
    forgetAt: after(now, detectionMs(instance, before)),
  }
  if (before.state !== 'up')
    return { session: { ...session, sendAt: nextSend(instance, session, now, random) }, effects: [] }
  const words = [diagnostic, before.remoteDiagnostic].map(diagnosticText)
  const text = `Entering Down state (Local diagnostic - ${words[0]}, Remote diagnostic - ${words[1]})`
  const effects: SessionEffect[] = [log(`(${instance.name}) ${text}`)]
  if (before.remoteState !== 'admin-down') effects.push({ type: 'changed', up: false })
  // The neighbour hears of it at once, not in the slow rhythm of a session that is down.
  return { session: { ...session, sendAt: instance.passive ? undefined : now }, effects }
}

/** What is on its way keeps its moment, unless the new rhythm is faster. */
function retime(instance: BfdInstance, session: Session, now: Instant, random: number): SessionStep {
  const sendAt = sooner(session.sendAt, nextSend(instance, session, now, random))
  const expireAt =
    session.expireAt === undefined ? undefined : after(session.heardAt ?? now, detectionMs(instance, session))
  const polling = session.polling || session.state === 'up'
  return { session: { ...session, sendAt, expireAt, polling }, effects: [] }
}

/** After a packet was heard: a faster rhythm begins at once, and one that had nothing to say may have now. */
function sendAtAfter(
  instance: BfdInstance,
  before: Session,
  session: Session,
  now: Instant,
  random: number,
): Instant | undefined {
  if (mayNotSend(instance, session)) return undefined
  if (session.sendAt === undefined) return now
  if (session.state !== before.state) return sooner(session.sendAt, nextSend(instance, session, now, random))
  if (txIntervalMs(instance, session) < txIntervalMs(instance, before))
    return sooner(session.sendAt, nextSend(instance, session, now, random))
  return session.sendAt
}

function nextSend(instance: BfdInstance, session: Session, now: Instant, random: number): Instant | undefined {
  if (mayNotSend(instance, session)) return undefined
  return after(now, jittered(txIntervalMs(instance, session), instance.multiplier, random))
}

/** Nothing to a neighbour that wants nothing, or only when asked; a passive one waits until it is spoken to. */
function mayNotSend({ passive }: BfdInstance, session: Session): boolean {
  const { state, remoteState, remoteDemand, remoteMinRxMs, remoteDiscriminator } = session
  if (remoteMinRxMs === 0 || (passive && (remoteDiscriminator === 0 || state === 'down'))) return true
  return remoteDemand && state === 'up' && remoteState === 'up'
}

function packetOf(instance: BfdInstance, session: Session, final: boolean): BfdPacket {
  return {
    state: session.state,
    diagnostic: session.diagnostic,
    poll: session.polling && !final,
    final,
    demand: false,
    multiplier: instance.multiplier,
    myDiscriminator: session.discriminator,
    yourDiscriminator: session.remoteDiscriminator,
    desiredMinTxUs: Math.round(desiredMinTxMs(instance, session) * 1000),
    requiredMinRxUs: Math.round(instance.minRxMs * 1000),
  }
}

function sooner(one: Instant | undefined, other: Instant | undefined): Instant | undefined {
  return other === undefined || one === undefined ? other : one < other ? one : other
}

const DIAGNOSTICS: readonly string[] = [
  'No Diagnostic',
  'Control Detection Time Expired',
  'Echo Function Failed',
  'Neighbor Signaled Session Down',
  'Forwarding Plane Reset',
  'Path Down',
  'Concatenated Path Down',
  'Administratively Down',
  'Reverse Concatenated Path Down',
]

function diagnosticText(diagnostic: number): string {
  return DIAGNOSTICS[diagnostic] ?? 'Unknown'
}

function log(text: string, detail = false): SessionEffect {
  return { type: 'log', text, detail }
}
