/**
 * Sends letters by SMTP, one after another, each over a connection of its own, as keepalived does: no login, no TLS, no
 * second try. A mail server that is slow or gone delays nothing but letters; those that wait are few, the oldest go first.
 */
import { createTransport } from 'nodemailer'
import type { Letter } from '../health/letter.ts'
import type { GlobalDefinitions } from '../model/global.ts'

export type MailSettings = Pick<
  GlobalDefinitions,
  'notificationEmails' | 'notificationEmailFrom' | 'smtpServer' | 'smtpHeloName' | 'smtpConnectTimeoutMs' | 'routerId'
>

const WAITING_MAX = 1000

export class Mailer {
  readonly #log: (text: string) => void
  #settings: MailSettings | undefined
  readonly #waiting: Letter[] = []
  #busy = false
  #done: Promise<void> = Promise.resolve()

  constructor(log: (text: string) => void) {
    this.#log = log
  }

  configure(settings: MailSettings): void {
    this.#settings = settings
  }

  /** Without a mail server, or anybody to write to, letters go nowhere. */
  send(letter: Letter): void {
    if (this.#settings?.smtpServer === undefined || this.#settings.notificationEmails.length === 0) return
    if (this.#waiting.length >= WAITING_MAX) {
      const dropped = this.#waiting.shift()
      this.#log(`too many mails wait for the mail server: "${dropped?.subject}" is not sent`)
    }
    this.#waiting.push(letter)
    if (!this.#busy) this.#done = this.#work()
  }

  /** Resolves when nothing waits any more. */
  get idle(): Promise<void> {
    return this.#done
  }

  async #work(): Promise<void> {
    this.#busy = true
    for (let letter = this.#waiting.shift(); letter !== undefined; letter = this.#waiting.shift()) {
      try {
        await deliver(letter, this.#settings!)
      } catch (error) {
        this.#log(`cannot mail "${letter.subject}": ${(error as Error).message}`)
      }
    }
    this.#busy = false
  }
}

async function deliver({ subject, body }: Letter, settings: MailSettings): Promise<void> {
  const {
    smtpServer,
    smtpHeloName,
    smtpConnectTimeoutMs: patience,
    notificationEmails,
    notificationEmailFrom,
  } = settings
  const name = smtpHeloName ?? settings.routerId
  const transport = createTransport({
    host: smtpServer!.host,
    port: smtpServer!.port,
    name,
    secure: false,
    ignoreTLS: true,
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
  })
  try {
    await transport.sendMail({
      from: notificationEmailFrom ?? `keepalived@${name}`,
      to: [...notificationEmails],
      subject,
      text: `${body}\n`,
      xMailer: 'Keepalived',
    })
  } finally {
    transport.close()
  }
}
