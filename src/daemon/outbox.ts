/**
 * A child's way to its supervisor. Nothing here waits: if the supervisor does not read, because its terminal is
 * stopped for instance, log lines beyond a limit are lost and counted instead of delaying an advertisement.
 */
import type { Ident } from '../observe/log-line.ts'
import type { FromChild } from './messages.ts'

const UNREAD_MAX = 1000

export class Outbox {
  readonly #ident: Ident
  readonly #send: (message: FromChild, sent: () => void) => void
  #unread = 0
  #lost = 0

  constructor(ident: Ident, send: (message: FromChild, sent: () => void) => void) {
    this.#ident = ident
    this.#send = send
  }

  log(text: string, detail = false): void {
    if (this.#unread >= UNREAD_MAX) {
      this.#lost++
      return
    }
    if (this.#lost > 0) {
      const lost = this.#lost
      this.#lost = 0
      this.log(`${lost} log lines were lost: nobody read them in time`)
    }
    this.send({ type: 'log', entry: { ident: this.#ident, text, detail, atMs: Date.now() } })
  }

  /** `sent` is called when the message has left this process, and with it all before. */
  send(message: FromChild, sent: () => void = () => {}): void {
    this.#unread++
    this.#send(message, () => {
      this.#unread--
      sent()
    })
  }
}
