/** The log as keepalived writes it to a terminal: `Sun Nov 22 10:54:52 2026: Keepalived_vrrp: (VI_1) Entering MASTER STATE`. */

export type Ident = 'Keepalived' | 'Keepalived_vrrp' | 'Keepalived_healthcheckers' | 'Keepalived_bfd' | 'IPVS'

export interface LogEntry {
  readonly ident: Ident
  readonly text: string
  /** Shown only with --log-detail (-D). */
  readonly detail: boolean
  /** Milliseconds since 1970: people compare logs of several machines. */
  readonly atMs: number
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** One line without its end. Control characters of a stranger's name or reply are written as `\xNN`. */
export function logLine({ ident, text, atMs }: LogEntry): string {
  return `${timeText(new Date(atMs))}: ${ident}: ${text.replace(/[\x00-\x1f\x7f]/g, escapeControl)}`
}

function timeText(at: Date): string {
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(part => String(part).padStart(2, '0')).join(':')
  return `${DAYS[at.getDay()]} ${MONTHS[at.getMonth()]} ${String(at.getDate()).padStart(2)} ${clock} ${at.getFullYear()}`
}

function escapeControl(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
