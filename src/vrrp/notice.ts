/** What is told to scripts, pipes and people about a change of state, in keepalived's words. */

import type { Script } from '../model/script.ts'
import type { VrrpNotify } from '../model/vrrp-instance.ts'
import type { NotifiedState, Notify } from './effect.ts'

/** A change together with who wants to know, as configured when it came about: a reload may have taken them away. */
export type Notice = Omit<Notify, 'type'> & { readonly notify: VrrpNotify }

/** A program and the words that are appended to its own. */
export interface NoticeRun {
  readonly script: Script
  readonly words: readonly string[]
}

const OWN_SCRIPTS: Readonly<Partial<Record<NotifiedState, keyof VrrpNotify>>> = {
  MASTER: 'master',
  BACKUP: 'backup',
  FAULT: 'fault',
  STOP: 'stop',
  DELETED: 'deleted',
  MASTER_RX_LOWER_PRI: 'masterReceivesLowerPriority',
}
const MINOR: ReadonlySet<NotifiedState> = new Set(['MASTER_RX_LOWER_PRI', 'MASTER_PRIORITY', 'BACKUP_PRIORITY'])

/** In keepalived's order: the state's own script, then `notify`. */
export function noticeRuns({ about, name, state, priority, notify }: Notice): readonly NoticeRun[] {
  const key = OWN_SCRIPTS[state]
  const own = key === undefined ? undefined : (notify[key] as Script | undefined)
  const any = MINOR.has(state) ? undefined : notify.any
  return [
    ...(own === undefined ? [] : [{ script: own, words: [] }]),
    ...(any === undefined ? [] : [{ script: any, words: [about, name, state, String(priority)] }]),
  ]
}

/** The line for the pipes, without its end. */
export function noticeLine({ about, name, state, priority }: Notice): string {
  return `${about} "${name}" ${state} ${priority}`
}

const INSTANCE_BODIES: Readonly<Partial<Record<NotifiedState, string>>> = {
  MASTER: '=> VRRP Instance is now owning VRRP VIPs <=',
  BACKUP: '=> VRRP Instance is no longer owning VRRP VIPs <=',
  FAULT: '=> VRRP Instance is no longer owning VRRP VIPs <=',
  STOP: '=> VRRP Instance stopping <=',
  DELETED: '=> VRRP Deleted at reload <=',
}
const GROUP_BODIES: Readonly<Partial<Record<NotifiedState, string>>> = {
  MASTER: '=> All VRRP group instances are now in MASTER state <=',
  BACKUP: '=> All VRRP group instances are now in BACKUP state <=',
  FAULT: '=> All VRRP group instances are now in FAULT state <=',
  STOP: '=> All VRRP group instances are now stopping <=',
}

/** The mail, if one is wanted. */
export function noticeLetter(
  { about, name, state, notify }: Notice,
  settings: { readonly routerId: string; readonly noEmailFaults: boolean },
): { readonly subject: string; readonly body: string } | undefined {
  const body = (about === 'GROUP' ? GROUP_BODIES : INSTANCE_BODIES)[state]
  if (!notify.smtpAlert || body === undefined || (state === 'FAULT' && settings.noEmailFaults)) return undefined
  const what = about === 'GROUP' ? `VRRP Group ${name}` : `VRRP Instance ${name}`
  const how = state === 'STOP' ? 'stopping' : state === 'DELETED' ? 'deleted' : `Entering ${state} state`
  return { subject: `[${settings.routerId}] ${what} - ${how}`, body }
}
