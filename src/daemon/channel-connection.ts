/** The connection of a TCP_CHECK. */
import { Connector } from '../kernel/connector.ts'
import type { CheckTarget } from '../model/virtual-server.ts'
import { refusedBy } from './channel-cause.ts'
import type { OpenChannel, Report } from './opened-channel.ts'

let connector: Connector | undefined

export function openConnection(target: CheckTarget, report: Report): OpenChannel {
  const { address, port, bindAddress: source, bindPort: sourcePort, bindInterface, mark } = target
  const endpoints = { address, port, source, sourcePort, interface: bindInterface, mark }
  connector ??= new Connector()
  let closed = false
  let giveUp = () => {}
  try {
    giveUp = connector.connect(endpoints, error =>
      report(error === undefined ? { type: 'connected' } : refusedBy(error)),
    )
  } catch (error) {
    setImmediate(() => {
      if (!closed) report(refusedBy(error))
    })
  }
  return {
    write: () => {},
    close: () => {
      closed = true
      giveUp()
    },
  }
}
