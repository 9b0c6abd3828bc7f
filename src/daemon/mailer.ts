/**
 * Sends letters by SMTP, one after another, each over a connection of its own, as keepalived does: no login, no TLS, no
 * second try. A mail server that is slow or gone delays nothing but letters; those that wait are few, the oldest go first.
 */
import { connect } from 'node:net'
import { hostname } from 'node:os'
import { AWAITING_GREETING, type Envelope, endDelivery, stepDelivery } from '../health/delivery.ts'
import type { Letter } from '../health/letter.ts'
import type { GlobalDefinitions } from '../model/global.ts'

export type MailSettings = Pick<
  GlobalDefinitions,
  'notificationEmails' | 'notificationEmailFrom' | 'smtpServer' | 'smtpHeloName' | 'smtpConnectTimeoutMs'
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
      const settings = this.#settings!
      const { delivered, problems } = await deliver(envelopeOf(letter, settings, new Date()), settings)
      if (!delivered) this.#log(`cannot mail "${letter.subject}": ${problems.join('; ')}`)
      else for (const problem of problems) this.#log(`"${letter.subject}" is not mailed to ${problem}`)
    }
    this.#busy = false
  }
}

/** The letter with keepalived's headers. */
function envelopeOf({ subject, body }: Letter, settings: MailSettings, now: Date): Envelope {
  const from = settings.notificationEmailFrom ?? `keepalived@${hostname()}`
  const to = settings.notificationEmails
  const headers = [
    `Date: ${now.toUTCString().replace('GMT', '+0000')}`,
    `From: ${from}`,
    `Subject: ${subject}`,
    'X-Mailer: Keepalived',
    `To: ${to.join(', ')}`,
  ]
  return { helo: settings.smtpHeloName ?? hostname(), from, to, text: `${headers.join('\n')}\n\n${body}\n` }
}

/** Always resolves. The patience of the settings is for each answer. */
function deliver(
  envelope: Envelope,
  { smtpServer, smtpConnectTimeoutMs }: MailSettings,
): Promise<ReturnType<typeof endDelivery>> {
  return new Promise(resolve => {
    let delivery = AWAITING_GREETING
    const socket = connect(smtpServer!.port, smtpServer!.host)
    const end = (outcome: ReturnType<typeof endDelivery>) => {
      resolve(outcome)
      // What is still to be written is; who does not take it is left alone.
      socket.end()
      socket.setTimeout(smtpConnectTimeoutMs, () => socket.destroy())
    }
    socket.setTimeout(smtpConnectTimeoutMs, () => {
      end(
        endDelivery(delivery, `the mail server ${socket.connecting ? 'cannot be reached' : 'does not answer'} in time`),
      )
      socket.destroy()
    })
    socket.on('data', bytes => {
      const step = stepDelivery(envelope, delivery, bytes.toString('latin1'))
      delivery = step.delivery
      if (step.lines !== '') socket.write(step.lines)
      if (step.end !== undefined) {
        socket.removeAllListeners('data').resume()
        end(step.end)
      }
    })
    socket.on('end', () => end(endDelivery(delivery, undefined)))
    socket.on('error', error => end(endDelivery(delivery, error.message)))
  })
}
