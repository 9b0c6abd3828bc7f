/**
 * The ways from one state to another, each with everything that belongs to it, in keepalived's order: an advertisement
 * goes out before the addresses are added, so that the router which had them lets go before we announce them.
 */
import type { Ip } from '../bytes/address.ts'
import { after, type Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { virtualAddresses } from './desired.ts'
import { APPLY, announce, detail, type Effect, log, notify, say } from './effect.ts'
import { faultLine, faults } from './faults.ts'
import { OWNER_PRIORITY, STOP_PRIORITY } from './priority.ts'
import type { Active, Backup, Fault, Initialize, Peer, Standing, State } from './state.ts'
import { activeDownMs } from './timers.ts'

export interface Step<S extends Standing = State> {
  readonly state: S
  readonly effects: readonly Effect[]
}

/** Nothing to do. */
export function stay<S extends Standing>(state: S): Step<S> {
  return { state, effects: [] }
}

/** One step after another: the effects of both, the state of the last. */
export function then<S extends Standing, T extends Standing>(first: Step<S>, next: (state: S) => Step<T>): Step<T> {
  const { state, effects } = next(first.state)
  return { state, effects: [...first.effects, ...effects] }
}

/** Silence has lasted long enough, or there was nothing to wait for. */
export function becomeActive(instance: VrrpInstance, from: State, now: Instant): Step<Active> {
  const { garp, priority, advertIntervalMs } = instance
  const mayRestore = priority === OWNER_PRIORITY && from.priority !== OWNER_PRIORITY
  const standing = { ...fresh(from), priority: mayRestore ? OWNER_PRIORITY : from.priority }
  const restored = mayRestore
    ? [log(instance, `Restoring our priority to ${OWNER_PRIORITY} since other address owner has disappeared`)]
    : []
  const paced =
    from.name === 'backup' && from.activeIntervalMs !== advertIntervalMs
      ? [
          detail(
            instance,
            `changing advert interval from ${from.activeIntervalMs}ms to locally configured ${advertIntervalMs}ms`,
          ),
        ]
      : []
  return then(advertise(instance, standing, standing.priority), advertised => ({
    state: {
      ...advertised,
      name: 'active',
      advertiseAt: after(now, advertIntervalMs),
      announceAt: garp.delayMs > 0 ? after(now, garp.delayMs) : undefined,
      lowerPriorityAnnounceAt: undefined,
      refreshAt: garp.refreshMs > 0 ? after(now, garp.delayMs + garp.refreshMs) : undefined,
      rivalOwner: undefined,
    },
    effects: [
      log(instance, 'Entering MASTER STATE'),
      ...restored,
      ...paced,
      detail(instance, 'setting VIPs.'),
      APPLY,
      ...announce(virtualAddresses(instance), garp.repeat),
      notify(instance, 'MASTER', standing.priority),
    ],
  }))
}

/** The active router that a backup has heard. */
export interface HeardActive {
  readonly peer: Peer
  readonly intervalMs: number
}

/** From fault or active: a better router is there, or may be. */
export function becomeBackup(instance: VrrpInstance, from: State, now: Instant, heard?: HeardActive): Step<Backup> {
  const released = from.name === 'active' ? [detail(instance, 'removing VIPs.'), APPLY] : []
  const effects = [log(instance, 'Entering BACKUP STATE'), ...released, notify(instance, 'BACKUP', from.priority)]
  return { state: listening(instance, from, now, heard), effects }
}

/** In backup, the silence beginning now. */
export function listening(instance: VrrpInstance, from: State, now: Instant, heard?: HeardActive): Backup {
  const activeIntervalMs = heard?.intervalMs ?? instance.advertIntervalMs
  return {
    ...fresh(from),
    name: 'backup',
    activeDownAt: after(now, activeDownMs(instance, from.priority, activeIntervalMs)),
    activeIntervalMs,
    active: heard?.peer,
    preemptAt: undefined,
    ready: false,
  }
}

/**
 * Something is broken here; or nothing is, and another member of the sync group is broken. `lastAddress` is what the
 * interface had before the fault: an active router sends its last word from there if there is none now.
 */
export function becomeFault(instance: VrrpInstance, from: State, lastAddress?: Ip): Step<Fault> {
  const starting = from.name === 'initialize'
  const causes = faults(instance, from).map(cause => say(faultLine(instance, cause)))
  const entering = log(instance, starting ? 'Entering FAULT STATE (init)' : 'Entering FAULT STATE')
  const released = starting
    ? { state: fresh(from), effects: [detail(instance, 'removing VIPs.'), APPLY] }
    : stay(fresh(from))
  const left = from.name === 'active' ? leave(instance, from, lastAddress) : released
  return {
    state: { ...fresh(left.state), name: 'fault' },
    effects: [...causes, entering, ...left.effects, notify(instance, 'FAULT', from.priority)],
  }
}

/** In good order: an active router says that it stops, so that a backup needs to wait for its skew only. */
export function stop(instance: VrrpInstance, from: State): Step<Initialize> {
  if (from.name === 'initialize') return stay(from)
  const left = from.name === 'active' ? leave(instance, from) : stay(fresh(from))
  const effects = [...left.effects, notify(instance, 'STOP', from.priority)]
  return { state: { ...fresh(left.state), name: 'initialize' }, effects }
}

/** Gives the addresses up, with a last word of priority 0. */
function leave(instance: VrrpInstance, from: Active, lastAddress?: Ip): Step<Standing> {
  const interfaceAddress = from.interfaceAddress ?? lastAddress
  const { state, effects } = advertise(instance, { ...fresh(from), interfaceAddress }, STOP_PRIORITY)
  const said = effects.length > 0 ? [detail(instance, 'sent 0 priority')] : []
  return {
    state: { ...state, interfaceAddress: from.interfaceAddress },
    effects: [...effects, ...said, detail(instance, 'removing VIPs.'), APPLY],
  }
}

/** An advertisement to everybody; nothing where no address is known to send it from. */
export function advertise<S extends Standing>(instance: VrrpInstance, state: S, priority: number): Step<S> {
  const source = instance.sourceAddress ?? state.interfaceAddress
  if (source === undefined) return stay(state)
  const destinations = instance.unicastPeers.length > 0 ? instance.unicastPeers : [instance.multicastGroup]
  const authenticated = instance.authentication.type === 'ah'
  const ahSequence = authenticated ? state.ahSequence + 1 : 0
  return {
    state: authenticated ? { ...state, ahSequence } : state,
    effects: [{ type: 'advertise', priority, source, destinations, ahSequence }],
  }
}

/** Starts as active and waits for nobody (RFC 9568 section 6.4.1): configured as the owner of the addresses. */
export function isOwner(instance: VrrpInstance): boolean {
  return instance.priority === OWNER_PRIORITY && instance.initialState === 'master'
}

/** The standing with a clean slate for complaints, as every change of state brings. */
function fresh(standing: Standing): Standing {
  const { priority, linkUp, interfaceAddress, failedTrackers, quietUntil, ahSequence, ahHeard, signed } = standing
  return { priority, linkUp, interfaceAddress, failedTrackers, reported: [], quietUntil, ahSequence, ahHeard, signed }
}
