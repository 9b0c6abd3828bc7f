/** Which connection the packet belongs to or begins, what it does to it, and which template remembers the client. */

import type { IpFamily } from '../bytes/address.ts'
import type { Step } from './explanation.ts'
import type { ConnectionView, StandingView } from './standing.ts'
import type { Told } from './trial.ts'

/** In the order in which the program told of it; `after` is the table as the packet leaves it. */
export function connectionSteps(told: readonly Told[], after: StandingView, family: IpFamily): readonly Step[] {
  return told.flatMap((one): readonly Step[] => {
    const { event, connection, values } = one
    switch (event) {
      case 'connection':
        return step('connection', `known: ${connectionText(connection!)}`)
      case 'over':
        return step('connection', 'its time is up: it is taken out, though nobody has swept it away yet')
      case 'reused':
        return step(
          'connection',
          `a SYN in ${connection!.state}: the ports are used again, the old connection is taken out`,
        )
      case 'server-gone':
        return step('connection', `its server ${one.server!.endpoint} was removed from the service`)
      case 'new-connection':
        return step('connection', 'none is known of these addresses and ports')
      case 'not-opening':
        return step('connection', 'and this packet begins none: that takes a SYN (of SCTP an INIT)')
      case 'removed':
        return step('connection', 'the service was removed; it only serves the connections that it has')
      case 'created': {
        const made = after.connection(values.slot!, family)
        return step('state', `entered: ${made.state}, for ${made.timeoutS} s without a packet`)
      }
      case 'state':
        return stateStep(one, after.connection(values.slot!, family))
      case 'template':
        return step('persistence', `${connection!.client} was here before: ${templateText(connection!)}`)
      case 'template-over':
        return step('persistence', 'its time is up, or its server is gone: it is taken out')
      case 'template-created':
        return step(
          'persistence',
          `from now on ${connection!.client} goes to ${connection!.serverText}, for ${connection!.timeoutS} s`,
        )
      case 'reply':
        return step('connection', `an answer of ${connection!.serverText}: ${connectionText(connection!)}`)
      case 'no-reply':
        return step('connection', 'from the address of a translated server, but of no connection that is known')
      case 'first-fragment':
        return step('connection', 'the first piece of a packet: the pieces behind it are known by its identification')
      case 'fragment':
        return step('connection', `a later piece, known by its first: ${connectionText(connection!)}`)
      case 'stray-fragment':
        return step('connection', 'a later piece whose first has not been seen here of late')
      case 'error-to-server':
        return step('connection', `about what its client was sent: ${connectionText(connection!)}`)
      case 'error-to-client':
        return step('connection', `about what its server was sent: ${connectionText(connection!)}`)
      case 'error-from-tunnel':
        return step('connection', `about what travels in its tunnel: ${connectionText(connection!)}`)
      case 'stray-message':
        return step('connection', 'no ICMP error about a connection that is known')
      default:
        return []
    }
  })
}

function step(about: Step['about'], ...lines: readonly string[]): readonly Step[] {
  return [{ about, lines }]
}

/** `ESTABLISHED, 899 s left, to 192.168.41.31:80`. */
function connectionText({ state, leftS, serverText, client, virtual }: ConnectionView): string {
  return `${client} at ${virtual}, ${state}, ${leftS} s left, to ${serverText}`
}

function templateText({ leftS, serverText, children }: ConnectionView): string {
  const others = children === 0 ? '' : `, ${children} of its connections live`
  return `to ${serverText}, ${leftS} s left${others}`
}

/** Only the connection's state after the packet is in memory; the one before is told. */
function stateStep({ values, connection }: Told, after: ConnectionView): readonly Step[] {
  if (values.before === values.after) return step('state', `stays ${after.state}, for ${after.timeoutS} s from now on`)
  return step('state', `${connection!.state} -> ${after.state}, for ${after.timeoutS} s from now on`)
}
