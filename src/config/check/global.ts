/** Judgements of what is said once for all. */
import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts'
import { type Judged, placeOf, type Rule, valuePlace } from './judgement.ts'

export const GLOBAL_RULES: readonly Rule[] = [mail, silentMail, syncDaemon]

/** Mail that is asked for by name and can never leave. Real servers ask for it by default: that says nothing. */
function* mail(judged: Judged): Iterable<Diagnostic> {
  const { global, vrrpInstances, vrrpSyncGroups, virtualServers } = judged.configuration
  const missing =
    global.notificationEmails.length === 0
      ? 'notification_email'
      : global.smtpServer === undefined
        ? 'smtp_server'
        : undefined
  if (missing === undefined) return
  const senders = [...vrrpInstances, ...vrrpSyncGroups].filter(({ notify }) => notify.smtpAlert)
  const asking = [...senders, ...virtualServers.filter(({ smtpAlert }) => smtpAlert)]
  const first = asking.find(each => judged.origins.get(each)?.at('smtp_alert') !== undefined)
  if (first === undefined) return
  yield diagnostic(
    'mail-goes-nowhere',
    valuePlace(judged, first, 'smtp_alert'),
    { keyword: missing },
    { help: `add ${missing} to global_defs` },
  )
}

/** The other way round: somebody to tell, and nobody who would. */
function* silentMail(judged: Judged): Iterable<Diagnostic> {
  const { global, vrrpInstances, vrrpSyncGroups, virtualServers } = judged.configuration
  if (global.notificationEmails.length === 0 || vrrpInstances.length + virtualServers.length === 0) return
  if ([...vrrpInstances, ...vrrpSyncGroups].some(({ notify }) => notify.smtpAlert)) return
  if (virtualServers.some(server => server.smtpAlert || server.realServers.some(real => real.smtpAlert))) return
  const statement = judged.origins.get(global)?.at('notification_email')
  const span = statement?.line.words[0] ?? placeOf(judged, global)
  yield diagnostic(
    'mail-never-sent',
    span,
    {},
    { help: 'add smtp_alert to the instances that shall mail, or to global_defs' },
  )
}

function* syncDaemon(judged: Judged): Iterable<Diagnostic> {
  const { global, vrrpInstances } = judged.configuration
  const name = global.lvsSyncDaemon?.vrrpInstance
  if (name === undefined || vrrpInstances.some(instance => instance.name === name)) return
  const statement = judged.origins.get(global)?.at('lvs_sync_daemon')
  const span = statement?.line.words.find(word => word.text === name) ?? placeOf(judged, global)
  yield diagnostic('unknown-name', span, { what: 'vrrp_instance', name })
}
