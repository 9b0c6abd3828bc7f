/** What keepalived logs and mails when a checker has changed its mind, each type in words of its own. */
import type { Checker } from '../model/virtual-server.ts'
import type { Outcome } from './conversation.ts'
import type { Subject } from './names.ts'

type Passed = Outcome & { readonly passed: true }
type Failed = Outcome & { readonly passed: false }

/** One page, or the like, was as it should be while the server is down. */
export function remarkText({ server }: Subject, { remark }: Passed): string | undefined {
  return remark && `${remark.before} ${server}${remark.after}`
}

/** Undefined: keepalived says nothing. */
export function successText(subject: Subject): string | undefined {
  return SUCCESS[subject.checker.type](subject)
}

/** `retries`: how many failures before this one were forgiven. */
export function failureText(subject: Subject, outcome: Failed, retries: number): string {
  const { checker, server, service } = subject
  const said = outcome.words ?? outcome.cause
  const after = retries === 0 ? '' : ` after ${retries} retries`
  switch (checker.type) {
    case 'MISC_CHECK': {
      const tries = retries === 0 ? '' : ` after ${retries} ${retries === 1 ? 'retry' : 'retries'}`
      return `${miscText(subject)} ${said}${tries}${outcome.detail ?? ''}.`
    }
    case 'DNS_CHECK':
      return `DNS_CHECK (${server}) ${said}${after}`
    case 'SMTP_CHECK':
      return `SMTP_CHECK ${smtpText(checker, outcome)}`
    case 'PING_CHECK':
      return `ICMP CHECK on service ${server} of ${service} failed${after}.`
    case 'HTTP_GET':
    case 'SSL_GET':
      return `HTTP_CHECK on service ${server} failed${after}.`
    default:
      return `${checker.type} on service ${server} failed${after}.`
  }
}

/** One failing attempt, for log_all_failures: `HTTP status code error to server [192.168.41.31]:tcp:80.` */
export function attemptText({ checker, server }: Subject, outcome: Failed): string {
  switch (checker.type) {
    case 'HTTP_GET':
    case 'SSL_GET':
      return `${outcome.words ?? 'Error connecting'} server ${server}.`
    case 'TCP_CHECK':
      return `TCP connection to ${server} failed.`
    default:
      return `${checker.type} on service ${server} failed: ${outcome.cause}.`
  }
}

/** The body of a mail that a server is up again. */
export function successMail({ type }: Checker): string {
  return `=> ${CALLED[type]} ${type === 'MISC_CHECK' ? 'succeeded' : 'succeed'} on service <=`
}

export function failureMail(checker: Checker, outcome: Failed): string {
  switch (checker.type) {
    case 'HTTP_GET':
    case 'SSL_GET':
      return '=> CHECK failed on service : HTTP request failed <='
    case 'SMTP_CHECK':
      return `=> CHECK failed on service : ${smtpText(checker, outcome)} <=`
    default:
      return `=> ${CALLED[checker.type]} ${outcome.words === 'timed out' ? 'timed out' : 'failed'} on service <=`
  }
}

export function bfdMailText(name: string, up: boolean): string {
  return `=> BFD CHECK ${name} ${up ? 'succeeded' : 'failed'} on service <=`
}

/** In mails. */
const CALLED: Readonly<Record<Checker['type'], string>> = {
  TCP_CHECK: 'TCP CHECK',
  HTTP_GET: 'CHECK',
  SSL_GET: 'CHECK',
  SMTP_CHECK: 'CHECK',
  DNS_CHECK: 'DNS_CHECK:',
  UDP_CHECK: 'UDP CHECK',
  PING_CHECK: 'ICMP CHECK',
  MISC_CHECK: 'MISC CHECK',
}

const SUCCESS: Readonly<Record<Checker['type'], (subject: Subject) => string | undefined>> = {
  TCP_CHECK: ({ server }) => `TCP connection to ${server} success.`,
  HTTP_GET: ({ server }) => `Remote Web server ${server} succeed on service.`,
  SSL_GET: ({ server }) => `Remote Web server ${server} succeed on service.`,
  SMTP_CHECK: ({ server }) => `Remote SMTP server ${server} succeed on service.`,
  DNS_CHECK: () => undefined,
  UDP_CHECK: ({ server }) => `UDP connection to ${server} success.`,
  PING_CHECK: ({ server }) => `ICMP connection to ${server} success.`,
  MISC_CHECK: subject => `${miscText(subject)} succeeded.`,
}

function miscText({ checker, server, service }: Subject): string {
  const path = checker.type === 'MISC_CHECK' ? (checker.script.argv[0] ?? '') : ''
  return `Misc check for [${server} VS ${service}] by [${path}]`
}

/** Of whom it talked to: `Bad HELO response from server [192.168.41.31]:25`. */
function smtpText({ target }: Checker, { words, cause }: Failed): string {
  return `${words ?? cause} server [${target.address}]:${target.port}`
}
