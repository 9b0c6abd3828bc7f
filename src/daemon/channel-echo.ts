/** Pings, by a raw socket for each target. */

import { Poller } from '../kernel/poller.ts'
import { EchoSocket } from '../kernel/probe-socket.ts'
import type { CheckTarget } from '../model/virtual-server.ts'
import { refusedBy } from './channel-cause.ts'
import type { OpenChannel, Report } from './opened-channel.ts'

let poller: Poller | undefined

export function openEcho({ address, bindAddress, bindInterface, mark }: CheckTarget, report: Report): OpenChannel {
  let socket: EchoSocket | undefined
  let closed = false
  const attempt = (work: () => void) => {
    try {
      if (!closed) work()
    } catch (error) {
      if (!closed) report(refusedBy(error))
    }
  }
  setImmediate(() =>
    attempt(() => {
      poller ??= new Poller()
      socket = new EchoSocket(address, bindAddress, { interface: bindInterface, mark })
      poller.watch(socket.fd, () =>
        attempt(() => {
          for (let bytes = socket?.receive(); bytes !== undefined && !closed; bytes = socket?.receive())
            report({ type: 'data', bytes })
        }),
      )
      report({ type: 'connected' })
    }),
  )
  return {
    // Not from within the report: what the sending brings about is an event of its own.
    write: bytes => void setImmediate(() => attempt(() => socket?.send(bytes))),
    close: () => {
      closed = true
      if (socket === undefined) return
      poller?.unwatch(socket.fd)
      socket.close()
      socket = undefined
    },
  }
}
