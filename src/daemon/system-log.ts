/** Log lines to syslog(3)'s socket: `<30>Keepalived_vrrp[4711]: (VI_1) Entering MASTER STATE`. */
import { isKernelError } from '../kernel/errors.ts'
import { UnixDatagramSocket } from '../kernel/unix-datagram.ts'
import type { LogEntry } from '../observe/log-line.ts'

const FACILITIES: Readonly<Record<string, number>> = { user: 1, daemon: 3 }
const LOCAL0 = 16
const INFO = 6
const SOCKET = '/dev/log'

/** 0 to 7 and local0 to local7 are the local ones; undefined if there is no such facility. */
export function facilityNumber(word: string): number | undefined {
  const local = /^(?:local)?([0-7])$/.exec(word)?.[1]
  return local === undefined ? FACILITIES[word] : LOCAL0 + Number(local)
}

/** Nobody may be listening: then lines are lost, as syslog(3) loses them. */
export function openSystemLog(facility: number = FACILITIES.daemon!): (entry: LogEntry) => void {
  const socket = new UnixDatagramSocket(SOCKET)
  return ({ ident, text }) => {
    try {
      socket.send(`<${facility * 8 + INFO}>${ident}[${process.pid}]: ${text}`)
    } catch (error) {
      if (!isKernelError(error)) throw error
    }
  }
}
