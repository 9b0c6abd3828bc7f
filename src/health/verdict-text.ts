/** What keepalived logs and mails when a checker has changed its mind, each type in words of its own. */
import type { Checker } from '../model/virtual-server.ts'
import type { Outcome } from './conversation.ts'
import type { Subject } from './names.ts'

export function successTexts(subject: Subject, outcome: Outcome & { readonly passed: true }): readonly string[] {
  const remarks = (outcome.remarks ?? []).map(({ before, after }) => `${before} ${subject.target}${after}`)
  return [...remarks, SUCCESS[subject.checker.type](subject)]
}

/** `retries`: how many failures before this one were forgiven. */
export function failureText(subject: Subject, outcome: Outcome & { readonly passed: false }, retries: number): string {
  const { checker, target } = subject
  if (checker.type === 'MISC_CHECK')
    return `${miscText(subject)} ${outcome.words ?? outcome.cause}${retries === 0 ? '' : ` after ${retries} retries`}.`
  if (checker.type === 'DNS_CHECK')
    return `DNS_CHECK (${target}) ${outcome.words ?? outcome.cause}${retries === 0 ? '' : ` after ${retries} retries`}`
  return `${failing(checker)} on service ${target} ${retries === 0 ? 'failed.' : `failed after ${retries} retries.`}`
}

/** One failing attempt, for log_all_failures: `HTTP status code error to server [192.168.41.31]:tcp:80.` */
export function attemptText({ checker, target }: Subject, outcome: Outcome & { readonly passed: false }): string {
  if (checker.type === 'HTTP_GET' || checker.type === 'SSL_GET')
    return `${outcome.words ?? 'Error connecting'} server ${target}.`
  return `${checker.type} on service ${target} failed: ${outcome.cause}.`
}

/** The body of a mail about it. */
export function mailText({ type }: Checker, up: boolean): string {
  if (type === 'HTTP_GET' || type === 'SSL_GET')
    return up ? '=> CHECK succeed on service <=' : '=> CHECK failed on service : HTTP/SSL request failed <='
  return `=> ${type.replace('_', ' ')} ${up ? 'succeed' : 'failed'} on service <=`
}

export function bfdMailText(name: string, up: boolean): string {
  return `=> BFD CHECK ${name} ${up ? 'succeeded' : 'failed'} on service <=`
}

const SUCCESS: Readonly<Record<Checker['type'], (subject: Subject) => string>> = {
  TCP_CHECK: ({ target }) => `TCP connection to ${target} success.`,
  HTTP_GET: ({ target }) => `Remote Web server ${target} succeed on service.`,
  SSL_GET: ({ target }) => `Remote Web server ${target} succeed on service.`,
  SMTP_CHECK: ({ target }) => `Remote SMTP server ${target} succeed on service.`,
  DNS_CHECK: ({ target }) => `DNS_CHECK (${target}) success.`,
  UDP_CHECK: ({ target }) => `UDP connection to ${target} success.`,
  PING_CHECK: ({ target }) => `ICMP connection to ${target} success.`,
  MISC_CHECK: subject => `${miscText(subject)} succeeded.`,
}

function miscText({ checker, server, service }: Subject): string {
  const path = checker.type === 'MISC_CHECK' ? (checker.script.argv[0] ?? '') : ''
  return `Misc check for [${server} VS ${service}] by [${path}]`
}

function failing({ type }: Checker): string {
  if (type === 'HTTP_GET') return 'HTTP_CHECK'
  return type === 'SSL_GET' ? 'SSL_CHECK' : type
}
