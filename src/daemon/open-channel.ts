/** The channels of probes on real sockets and processes: what `open` of the checkers' surroundings is in the daemon. */
import type { Channel } from '../health/channel.ts'
import type { SslSettings } from '../model/virtual-server.ts'
import { openConnection } from './channel-connection.ts'
import { openDatagrams } from './channel-datagram.ts'
import { openEcho } from './channel-echo.ts'
import { openKeptStream } from './channel-kept.ts'
import { openProgram } from './channel-program.ts'
import { openRequest } from './channel-request.ts'
import { openStream } from './channel-stream.ts'
import type { OpenChannel, Report } from './opened-channel.ts'
import type { ScriptRules } from './script-account.ts'

/** What all channels of a configuration have in common. */
export interface ChannelRules {
  readonly ssl: SslSettings | undefined
  readonly scripts: ScriptRules
}

/** Reports nothing before it has returned. */
export function openChannel(channel: Channel, rules: ChannelRules, report: Report): OpenChannel {
  switch (channel.kind) {
    case 'connection':
      return openConnection(channel.target, report)
    case 'stream':
      return channel.idleMs === 0
        ? openStream(channel.target, channel.tls, rules.ssl, report)
        : openKeptStream(channel, rules.ssl, report)
    case 'request':
      return openRequest(channel, rules.ssl, report)
    case 'datagram':
      return openDatagrams(channel.target, report)
    case 'echo':
      return openEcho(channel.target, report)
    case 'process':
      return openProgram(channel.script, rules.scripts, report)
  }
}
