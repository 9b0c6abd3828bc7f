/** Tells scripts, pipes and people what the elections did, in keepalived's order: scripts, pipes, mail. */
import { Fifo } from '../kernel/fifo.ts'
import type { GlobalDefinitions, NotifyFifo } from '../model/global.ts'
import { type Notice, noticeLetter, noticeLine, noticeRuns } from '../vrrp/notice.ts'
import { launch } from './launch.ts'
import { Mailer } from './mailer.ts'
import { type ProcessGroup, startProcess } from './process-group.ts'
import { scriptAccount } from './script-account.ts'

interface Pipe {
  readonly path: string
  readonly fifo: Fifo
  /** Gives its reader time to read what is in it. */
  close(): Promise<void>
}

/** How long the reader of a pipe may take when it has ended. */
const READING_MS = 1000

export class Notifier {
  readonly #log: (text: string) => void
  readonly #mailer: Mailer
  #global: GlobalDefinitions | undefined
  #pipes: readonly Pipe[] = []

  constructor(log: (text: string) => void) {
    this.#log = log
    this.#mailer = new Mailer(log)
  }

  /** Readers of the pipes see their end at each reload, as with keepalived. */
  configure(global: GlobalDefinitions): void {
    void this.#closePipes()
    this.#global = global
    this.#mailer.configure(global)
    const { notifyFifo, vrrpNotifyFifo } = global
    this.#pipes = [notifyFifo, vrrpNotifyFifo].flatMap(wish => (wish === undefined ? [] : this.#open(wish, global)))
  }

  tell(notice: Notice): void {
    if (this.#global === undefined) return
    for (const { script, words } of noticeRuns(notice)) launch(script, words, this.#global, this.#log)
    const line = noticeLine(notice)
    for (const { path, fifo } of this.#pipes)
      if (!fifo.write(`${line}\n`)) this.#log(`nobody reads ${path}: "${line}" is lost`)
    const letter = noticeLetter(notice, this.#global)
    if (letter !== undefined) this.#mailer.send(letter)
  }

  /** Resolves when the last mail is out and the last line is read, or when nobody reads. */
  async close(): Promise<void> {
    await Promise.all([this.#mailer.idle, this.#closePipes()])
  }

  async #closePipes(): Promise<void> {
    const pipes = this.#pipes
    this.#pipes = []
    await Promise.all(pipes.map(pipe => pipe.close()))
  }

  #open({ path, script }: NotifyFifo, global: GlobalDefinitions): readonly Pipe[] {
    let fifo: Fifo
    try {
      fifo = new Fifo(path)
    } catch (error) {
      this.#log(`notifications are not written to ${path}: ${(error as Error).message}`)
      return []
    }
    const close = async () => fifo.close()
    if (script === undefined) return [{ path, fifo, close }]
    const account = scriptAccount(script, global)
    if ('problem' in account) {
      this.#log(`cannot run the script ${script.argv.join(' ')}: ${account.problem}`)
      return [{ path, fifo, close }]
    }
    let reader: ProcessGroup | undefined
    const gone = new Promise<void>(resolve => {
      reader = startProcess([...script.argv, path], account, () => {
        resolve()
        if (this.#pipes.some(pipe => pipe.fifo === fifo)) this.#log('vrrp notify fifo script terminated')
      })
    })
    const closeWithReader = async () => {
      fifo.close()
      const patience = new Promise(resolve => setTimeout(resolve, READING_MS))
      await Promise.race([gone, patience])
      reader?.end()
    }
    return [{ path, fifo, close: closeWithReader }]
  }
}
