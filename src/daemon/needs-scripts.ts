import type { Configuration } from '../model/configuration.ts'
import type { VrrpNotify } from '../model/vrrp-instance.ts'

/** Whether the elections want anything of other programs, and somebody must be there to do it. */
export function needsScripts({ global, vrrpInstances, vrrpSyncGroups }: Configuration): boolean {
  if (vrrpInstances.length === 0) return false
  const all = [...vrrpInstances, ...vrrpSyncGroups]
  return (
    global.notifyFifo !== undefined ||
    global.vrrpNotifyFifo !== undefined ||
    all.some(({ notify }) => wantsNotices(notify)) ||
    all.some(({ track }) => track.scripts.length + track.files.length + track.processes.length > 0)
  )
}

function wantsNotices({ smtpAlert, priorityChanges: _, ...scripts }: VrrpNotify): boolean {
  return smtpAlert || Object.values(scripts).some(script => script !== undefined)
}
