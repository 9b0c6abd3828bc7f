/** What a probe talks through. Its driver opens it, hands over what comes, and closes it. */
import type { Script } from '../model/script.ts'
import type { CheckTarget } from '../model/virtual-server.ts'

export type Channel =
  /** A TCP connection of which only the coming about matters; it is closed again by the time it is `connected`. */
  | { readonly kind: 'connection'; readonly target: CheckTarget }
  /** A TCP connection; `connected` comes when it stands, with TLS when the handshake is done. */
  | {
      readonly kind: 'stream'
      readonly target: CheckTarget
      readonly tls: TlsWish | undefined
      /** When it is closed as reusable it waits so long for the next who asks for the same; 0: it does not. */
      readonly idleMs: number
    }
  /** A request in HTTP/2: `connected`, `head`, `data`, `ended`. */
  | {
      readonly kind: 'request'
      readonly target: CheckTarget
      readonly tls: TlsWish | undefined
      readonly idleMs: number
      readonly authority: string
      readonly path: string
    }
  /** UDP, hearing the target alone; `connected` comes at once, `refused` when somebody says that the port is closed. */
  | { readonly kind: 'datagram'; readonly target: CheckTarget }
  /** ICMP messages of the target, from their type on. Those that are written lack their checksum. */
  | { readonly kind: 'echo'; readonly target: CheckTarget }
  /** A program in a process group of its own. Closing ends the whole group. */
  | { readonly kind: 'process'; readonly script: Script }

export interface TlsWish {
  /** What the handshake names, if anything. */
  readonly serverName: string | undefined
  /** For whom the certificate must be valid; undefined: nobody asks. */
  readonly verifiedName: string | undefined
}
