/** An active router: it advertises, announces, and defends its place or yields it (RFC 9568 section 6.4.3). */
import { compareIp } from '../bytes/address.ts'
import { after, type Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { isQuiet, quieten, remark } from './complaint.ts'
import { virtualAddresses } from './desired.ts'
import { announce, detail, log, notify } from './effect.ts'
import type { Heard } from './event.ts'
import { OWNER_PRIORITY } from './priority.ts'
import { resistRival } from './rival.ts'
import { countSequence } from './sequence.ts'
import type { Active } from './state.ts'
import { skewMs } from './timers.ts'
import { advertise, becomeBackup, type Step, stay, then } from './transition.ts'

export function wakeInActive(instance: VrrpInstance, state: Active, now: Instant): Step {
  if (now >= replacedAt(instance, state)) return becomeBackup(instance, state, now)
  return then(advertiseInTime(instance, state, now), active => announceInTime(instance, active, now))
}

/** When another router will have taken over, if this one does not get to say anything before (`timer_expired_backup`). */
function replacedAt(instance: VrrpInstance, state: Active): number {
  const { lateBackupPriority: other, advertIntervalMs } = instance
  if (other === undefined) return Number.POSITIVE_INFINITY
  const lastAdvert = after(state.advertiseAt, -advertIntervalMs)
  return after(lastAdvert, 3 * advertIntervalMs + skewMs(instance, other, advertIntervalMs))
}

function advertiseInTime(instance: VrrpInstance, state: Active, now: Instant): Step<Active> {
  if (now < state.advertiseAt) return stay(state)
  // Counted from the deadline, so that lateness does not add up; but never so as to catch up in a burst.
  const steady = after(state.advertiseAt, instance.advertIntervalMs)
  const advertiseAt = steady > now ? steady : after(now, instance.advertIntervalMs)
  return advertise(instance, { ...state, advertiseAt }, state.priority)
}

function announceInTime(instance: VrrpInstance, state: Active, now: Instant): Step<Active> {
  const { garp } = instance
  const due = (at: Instant | undefined) => at !== undefined && now >= at
  const addresses = virtualAddresses(instance)
  return {
    state: {
      ...state,
      announceAt: due(state.announceAt) ? undefined : state.announceAt,
      lowerPriorityAnnounceAt: due(state.lowerPriorityAnnounceAt) ? undefined : state.lowerPriorityAnnounceAt,
      refreshAt: due(state.refreshAt) ? after(now, garp.refreshMs) : state.refreshAt,
    },
    effects: [
      ...(due(state.announceAt) ? announce(addresses, garp.repeat) : []),
      ...(due(state.lowerPriorityAnnounceAt) ? announce(addresses, garp.lowerPriorityRepeat) : []),
      ...(due(state.refreshAt) ? announce(addresses, garp.refreshRepeat) : []),
    ],
  }
}

export function heardInActive(instance: VrrpInstance, before: Active, heard: Heard, now: Instant): Step {
  const state = countSequence(before, heard)
  const noted = remark(state, heard)
  if (heard.priority === 0) return then(noted, active => outlast(instance, active, now))

  const ours = instance.sourceAddress ?? state.interfaceAddress
  const order = ours === undefined ? 1 : compareIp(heard.source, ours)
  if (heard.priority === state.priority && order === 0) return then(noted, active => warnOfTwin(instance, active, now))
  const contested =
    heard.priority === OWNER_PRIORITY && state.priority === OWNER_PRIORITY
      ? then(noted, active => resistRival(instance, active, heard, order, now))
      : noted
  return then(contested, active => {
    const better = heard.priority > active.priority || (heard.priority === active.priority && order > 0)
    return better ? yieldTo(instance, active, heard, now) : standFast(instance, active, heard, now)
  })
}

/** Another active router stops: we go on, and say so before a backup takes its farewell for ours. */
function outlast(instance: VrrpInstance, state: Active, now: Instant): Step<Active> {
  return then(assert(instance, state, now), active => {
    return { state: active, effects: [detail(instance, 'Master received priority 0 message')] }
  })
}

/** Our own priority from our own address: our packets come back to us, or somebody has taken our address. */
function warnOfTwin(instance: VrrpInstance, state: Active, now: Instant): Step<Active> {
  if (isQuiet(state, 'lowerPriority', now)) return stay(state)
  const text = 'WARNING - equal priority advert received from remote host with our IP address.'
  return { state: quieten(instance, state, 'lowerPriority', now), effects: [log(instance, text)] }
}

/** A better router is there: it has the addresses from now on. */
function yieldTo(instance: VrrpInstance, state: Active, heard: Heard, now: Instant): Step {
  const answered = instance.higherPrioritySendAdvert ? assert(instance, state, now) : stay(state)
  const reason =
    heard.priority > state.priority
      ? `higher priority ${heard.priority}, ours ${state.priority}`
      : `same priority ${heard.priority} but higher IP address than ours`
  const line = log(instance, `Master received advert from ${heard.source} with ${reason}`)
  const intervalMs = instance.version === 3 ? heard.intervalMs : instance.advertIntervalMs
  const paced =
    intervalMs === instance.advertIntervalMs
      ? []
      : [
          detail(
            instance,
            `advertisement interval updated from ${instance.advertIntervalMs}ms to ${intervalMs}ms by master`,
          ),
        ]
  const peer = { address: heard.source, priority: heard.priority }
  return then({ state: answered.state, effects: [...answered.effects, line, ...paced] }, active =>
    becomeBackup(instance, active, now, { peer, intervalMs }),
  )
}

/**
 * A worse router took itself for the active one. It hears our answer and lets go; but hosts and switches may believe
 * its announcement, so ours are repeated. Each of its advertisements gets an answer (RFC 9568 section 6.4.3), but only
 * one burst in half an interval: a liar gets no amplifier.
 */
function standFast(instance: VrrpInstance, state: Active, heard: Heard, now: Instant): Step<Active> {
  const answer = instance.lowerPriorityNoAdvert ? stay : (active: Active) => assert(instance, active, now)
  if (isQuiet(state, 'lowerPriority', now)) return answer(state)
  const consequence = instance.lowerPriorityNoAdvert ? '' : ', forcing new election'
  const reason = `with lower priority ${heard.priority}, ours ${state.priority}${consequence}`
  const line = log(instance, `Received advert from ${heard.source} ${reason}`)
  const answered = then({ state: quieten(instance, state, 'lowerPriority', now), effects: [line] }, answer)
  const announced = then(answered, active => announceAgain(instance, active, now))
  return then(announced, active => {
    return { state: active, effects: [notify(instance, 'MASTER_RX_LOWER_PRI', active.priority)] }
  })
}

/** The announcements of a router that had to defend its place, or whose sync group had to. */
export function announceAgain(instance: VrrpInstance, state: Active, now: Instant): Step<Active> {
  const { lowerPriorityRepeat, lowerPriorityDelayMs } = instance.garp
  if (lowerPriorityRepeat === 0) return stay(state)
  const lowerPriorityAnnounceAt = lowerPriorityDelayMs > 0 ? after(now, lowerPriorityDelayMs) : undefined
  const effects = announce(virtualAddresses(instance), lowerPriorityRepeat)
  return { state: { ...state, lowerPriorityAnnounceAt }, effects }
}

/** Says at once that we are active; the next advertisement is an interval away then. */
function assert(instance: VrrpInstance, state: Active, now: Instant): Step<Active> {
  return advertise(instance, { ...state, advertiseAt: after(now, instance.advertIntervalMs) }, state.priority)
}
