/** `global_defs`: who this router is, whom it mails, and defaults that blocks inherit. */
import type { Ip } from '../bytes/address.ts'

export interface GlobalDefinitions {
  readonly routerId: string
  readonly notificationEmails: readonly string[]
  readonly notificationEmailFrom: string | undefined
  readonly smtpServer: { readonly host: string; readonly port: number } | undefined
  readonly smtpConnectTimeoutMs: number
  readonly vrrpMulticastGroup4: Ip
  readonly vrrpMulticastGroup6: Ip
}
