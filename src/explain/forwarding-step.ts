/** How the packet is sent on: by its MAC address, by its IP address, through a tunnel. */
import type { Step } from './explanation.ts'
import type { ServerView } from './standing.ts'
import type { Trial } from './trial.ts'

export function forwardingStep({ told }: Trial): Step | undefined {
  const server = told.findLast(({ event }) => event === 'forward')?.server
  if (server === undefined) return undefined
  return { about: 'forwarding', lines: [forwardingText(server)] }
}

function forwardingText({ endpoint, forwarding, address }: ServerView): string {
  switch (forwarding.method) {
    case 'route':
      return `direct routing to ${endpoint}: addresses and ports stay, the server answers the client itself`
    case 'masquerade':
      return `translation: the packet is addressed to ${endpoint}, whose answers must come back this way`
    case 'tunnel': {
      const { tunnel } = forwarding
      const checksum = tunnel.type === 'ipip' || tunnel.checksum === 'nocsum' ? '' : `, ${tunnel.checksum}`
      const port = tunnel.type === 'gue' ? ` to port ${tunnel.port}` : ''
      return `${tunnel.type.toUpperCase()} tunnel to ${address}${port}${checksum}: the packet travels inside another`
    }
  }
}
