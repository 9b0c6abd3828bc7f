/** A router in backup: it listens, and takes over when it has heard nobody for long enough (RFC 9568 section 6.4.2). */
import { after, type Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { isQuiet, quieten, remark } from './complaint.ts'
import { detail, log } from './effect.ts'
import type { Heard } from './event.ts'
import { OWNER_PRIORITY } from './priority.ts'
import { countSequence } from './sequence.ts'
import type { Backup, Peer } from './state.ts'
import { activeDownMs, skewMs } from './timers.ts'
import { becomeActive, type Step, stay, then } from './transition.ts'

export function wakeInBackup(instance: VrrpInstance, state: Backup, now: Instant, member: boolean): Step {
  return state.ready || now < state.activeDownAt ? stay(state) : silence(instance, state, now, member)
}

/** Nobody is active, as far as we can hear. */
export function silence(instance: VrrpInstance, state: Backup, now: Instant, member: boolean): Step {
  const effects = [detail(instance, 'Receive advertisement timeout')]
  if (member) return { state: { ...state, ready: true }, effects }
  return then({ state, effects }, backup => becomeActive(instance, backup, now))
}

export function heardInBackup(instance: VrrpInstance, state: Backup, heard: Heard, now: Instant): Step<Backup> {
  const noted = then(noteActive(instance, state, heard, now), backup => remark(backup, heard))
  if (heard.priority === 0) return then(noted, backup => farewell(instance, backup, now))
  return then(noted, backup =>
    obeys(instance, backup, heard, now) ? obey(instance, backup, heard, now) : discard(instance, backup, heard, now),
  )
}

/** Who it is that we hear, and whether that changes anything about ourselves. */
function noteActive(instance: VrrpInstance, state: Backup, heard: Heard, now: Instant): Step<Backup> {
  const changed = state.active?.address !== heard.source
  const next = { ...countSequence(state, heard), active: { address: heard.source, priority: heard.priority } }
  const noted = changed && !isQuiet(state, 'newActive', now) ? greet(instance, next, state.active, now) : stay(next)
  return changed || heard.priority !== OWNER_PRIORITY ? then(noted, backup => restoreOwner(instance, backup)) : noted
}

/** With a new active router, every kind of complaint is worth a line again. */
function greet(instance: VrrpInstance, state: Backup, former: Peer | undefined, now: Instant): Step<Backup> {
  const text = former === undefined ? 'master set' : `master changed from ${former.address}`
  const fresh = { ...quieten(instance, state, 'newActive', now), reported: [] }
  return { state: fresh, effects: [detail(instance, `${text} to ${state.active?.address}`)] }
}

/** An owner that gave way to a rival takes its priority back when it is no longer that rival which it hears. */
function restoreOwner(instance: VrrpInstance, state: Backup): Step<Backup> {
  if (instance.priority !== OWNER_PRIORITY || state.priority === OWNER_PRIORITY) return stay(state)
  const text = `Restoring our priority to ${OWNER_PRIORITY} since received advert with lower priority`
  return { state: { ...state, priority: OWNER_PRIORITY }, effects: [log(instance, text)] }
}

/** The active router stops. Each backup waits for its skew only, so that the best of them is first. */
function farewell(instance: VrrpInstance, state: Backup, now: Instant): Step<Backup> {
  const activeDownAt = after(now, skewMs(instance, state.priority, state.activeIntervalMs))
  const effects = [detail(instance, 'Backup received priority 0 advertisement')]
  return { state: { ...state, activeDownAt, ready: false }, effects }
}

/** A backup obeys its betters and equals, and its inferiors too while it may not preempt them. */
function obeys(instance: VrrpInstance, state: Backup, heard: Heard, now: Instant): boolean {
  if (!instance.preempt || heard.priority >= state.priority) return true
  return instance.preemptDelayMs > 0 && (state.preemptAt === undefined || now < state.preemptAt)
}

function obey(instance: VrrpInstance, state: Backup, heard: Heard, now: Instant): Step<Backup> {
  const adopted = adoptInterval(instance, state, heard)
  return then(adopted, backup => {
    const activeDownAt = after(now, activeDownMs(instance, backup.priority, backup.activeIntervalMs))
    return delayPreemption(instance, { ...backup, activeDownAt, ready: false }, heard, now)
  })
}

/** Not obeyed: the time of silence goes on, and when it is over we take over. */
function discard(instance: VrrpInstance, state: Backup, heard: Heard, now: Instant): Step<Backup> {
  if (isQuiet(state, 'lowerPriority', now)) return stay(state)
  const text = `received lower priority (${heard.priority}) advert from ${heard.source} - discarding`
  return { state: quieten(instance, state, 'lowerPriority', now), effects: [log(instance, text)] }
}

/** In version 3 a backup waits by the active router's interval, whatever its own. */
function adoptInterval(instance: VrrpInstance, state: Backup, heard: Heard): Step<Backup> {
  const knownMs = state.activeIntervalMs
  if (instance.version === 2 || heard.intervalMs === knownMs) return stay(state)
  const text = `advertisement interval updated from ${knownMs}ms to ${heard.intervalMs}ms by master`
  return { state: { ...state, activeIntervalMs: heard.intervalMs }, effects: [detail(instance, text)] }
}

/** The delay runs from the first advertisement of lower priority on; a better router ends it. */
function delayPreemption(instance: VrrpInstance, state: Backup, heard: Heard, now: Instant): Step<Backup> {
  if (instance.preemptDelayMs === 0) return stay(state)
  const inferior = heard.priority < state.priority
  if (inferior === (state.preemptAt !== undefined)) return stay(state)
  if (!inferior) return { state: { ...state, preemptAt: undefined }, effects: [detail(instance, 'stop preempt delay')] }
  const text = `start preempt delay (${(instance.preemptDelayMs / 1000).toFixed(6)})`
  return { state: { ...state, preemptAt: after(now, instance.preemptDelayMs) }, effects: [detail(instance, text)] }
}
