/** What keeps a router from taking part: conditions, not moments, so they are told from the state whenever asked. */
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import type { Standing } from './state.ts'

/** Why this router cannot take part now, in the words of the log; empty if it can. */
export function faults(instance: VrrpInstance, standing: Standing): readonly string[] {
  const causes = [...standing.failedTrackers]
  if (standing.interfaceAddress === undefined && instance.sourceAddress === undefined) {
    causes.unshift(`no IPv${instance.family} address for interface`)
  }
  if (!standing.linkUp && instance.trackPrimary) causes.unshift(`interface ${instance.interface} down`)
  return [...new Set(causes)]
}

/** The line keepalived logs for a cause; its wording differs from cause to cause. */
export function faultLine(instance: VrrpInstance, cause: string): string {
  if (cause.startsWith('script ')) return `(${instance.name}): entering FAULT state due to ${cause}`
  if (/^(interface|tracked file|src address) /.test(cause)) return `(${instance.name}): entering FAULT state (${cause})`
  return `(${instance.name}) entering FAULT state (${cause})`
}
