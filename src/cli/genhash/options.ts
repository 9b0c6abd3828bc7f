/** The command line of keepalived's genhash: what is asked for, or why nothing is. */
import { parseArgs } from 'node:util'
import { type Ip, parseIp } from '../../bytes/address.ts'
import type { HttpChecker } from '../../model/virtual-server.ts'

export interface GenhashWish {
  readonly address: Ip
  readonly port: number
  readonly path: string
  readonly tls: boolean
  readonly sni: boolean
  readonly virtualHost: string | undefined
  readonly protocol: HttpChecker['protocol']
  readonly mark: number
  readonly timeoutMs: number
  readonly verbose: boolean
}

const OPTIONS = {
  'use-ssl': { type: 'boolean', short: 'S' },
  'use-sni': { type: 'boolean', short: 'I' },
  server: { type: 'string', short: 's' },
  port: { type: 'string', short: 'p' },
  url: { type: 'string', short: 'u' },
  'use-virtualhost': { type: 'string', short: 'V' },
  verbose: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
  fwmark: { type: 'string', short: 'm' },
  protocol: { type: 'string', short: 'P' },
  timeout: { type: 'string', short: 't' },
} as const

const TIMEOUT_S = 5

/** `problem` is what genhash says before its usage, if anything. */
export function parseGenhash(argv: readonly string[]): GenhashWish | { readonly problem: string | undefined } {
  const parsed = parse(argv)
  if (parsed === undefined) return { problem: undefined }
  const { values, positionals } = parsed
  if (values.help) return { problem: undefined }
  const { server, port = '80', url, timeout, fwmark, protocol = '1.0' } = values
  const address = server === undefined ? undefined : parseIp(server)
  if (server !== undefined && address === undefined) return { problem: `server should be an IP, not ${server}` }
  if (!within(port, 1, 65535)) return { problem: `invalid port number '${port}'` }
  if (fwmark !== undefined && !within(fwmark, 0, 0xffff_ffff)) return { problem: `invalid fwmark '${fwmark}'` }
  if (timeout !== undefined && !(Number(timeout) > 0)) return { problem: `invalid timeout '${timeout}'` }
  if (!/^1\.(0c?|1)$/i.test(protocol)) return { problem: `invalid HTTP protocol version '${protocol}'` }
  if (positionals.length > 0) return { problem: `Unexpected argument(s): ${positionals.join(' ')}` }
  if (address === undefined || url === undefined) return { problem: undefined }
  return {
    address,
    port: Number(port),
    path: url,
    tls: values['use-ssl'] ?? false,
    sni: values['use-sni'] ?? false,
    virtualHost: values['use-virtualhost'],
    protocol: protocol.toUpperCase() as HttpChecker['protocol'],
    mark: Number(fwmark ?? 0),
    timeoutMs: Number(timeout ?? TIMEOUT_S) * 1000,
    verbose: values.verbose ?? false,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
  } catch {
    return undefined
  }
}

function within(text: string, min: number, max: number): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max
}

export const USAGE = `Usage: genhash COMMAND [OPTIONS]
Commands:
   -s server-address -p port -u url
   -S -s server-address -p port -u url
   -h

Options:
Either long or short options are allowed.
   --use-ssl         -S       Use SSL connection to remote server.
   --use-sni         -I       Use SNI during SSL handshake (uses virtualhost setting; see -V).
   --server          -s       Use the specified remote server address.
   --port            -p       Use the specified remote server port.
   --url             -u       Use the specified remote server url.
   --use-virtualhost -V       Use the specified virtualhost in GET query.
   --verbose         -v       Use verbose mode output.
   --help            -h       Display this short inlined help screen.
   --fwmark          -m       Use the specified FW mark.
   --protocol        -P       Use the specified HTTP protocol - '1.0', 1.0c', '1.1'.
                                1.0c means 1.0 with 'Connection: close'
   --timeout         -t       Timeout in seconds
`
