/** UDP with one target: the socket is connected, so that strangers are not heard and ICMP errors are. */
import { createSocket } from 'node:dgram'
import { type Ip, ip, ipFamily } from '../bytes/address.ts'
import { openUdpSocket } from '../kernel/probe-socket.ts'
import type { CheckTarget } from '../model/virtual-server.ts'
import { refusedBy } from './channel-cause.ts'
import type { OpenChannel, Report } from './opened-channel.ts'

export function openDatagrams(target: CheckTarget, report: Report): OpenChannel {
  const { address, port, bindAddress, bindPort, bindInterface, mark } = target
  const family = ipFamily(address)
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6')
  let closed = false
  const fail = (error: unknown) => {
    if (!closed) report(refusedBy(error))
  }
  socket.on('error', fail)
  socket.on('message', bytes => report({ type: 'data', bytes }))
  socket.on('listening', () => {
    if (!closed) socket.connect(port, address)
  })
  socket.on('connect', () => {
    if (!closed) report({ type: 'connected' })
  })
  try {
    const source: Ip = bindAddress ?? ip(family === 4 ? '0.0.0.0' : '::')
    if (bindInterface === undefined && mark === 0) socket.bind(bindPort, source)
    else socket.bind({ fd: openUdpSocket(source, bindPort, { interface: bindInterface, mark }) })
  } catch (error) {
    setImmediate(fail, error)
  }
  return {
    write: bytes => {
      if (!closed) socket.send(bytes, error => error && fail(error))
    },
    close: () => {
      closed = true
      socket.removeAllListeners()
      socket.on('error', () => {})
      socket.close()
    },
  }
}
