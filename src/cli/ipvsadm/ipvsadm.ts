/**
 * `sluice ipvsadm`, and sluice by the name `ipvsadm`: ipvsadm 1.31 as far as a person or a script can tell.
 * Where it differs on purpose is in docs/ipvsadm.md.
 */
import type { ServiceTable } from '../../model/virtual-service.ts'
import type { Command, Edit } from './command.ts'
import { applyEdit } from './edit.ts'
import { HELP, VERSION_LINE } from './help.ts'
import type { Io } from './io.ts'
import { KnownNames } from './known-names.ts'
import { lines, lineWords } from './lines.ts'
import { listAll, listConnections, listDaemons, listOne, listTimeouts, saveAll } from './list.ts'
import { parseCommand } from './parse.ts'
import { refusal, refusalOf } from './refusal.ts'
import { seeHelp, UsageError } from './usage-error.ts'

/** What the shell sees of -1. */
const REFUSED = 255
const DONE: Outcome = { status: 0, ends: false }
/** Printed at once, in characters. */
const PIECE_MIN = 1 << 16

/**
 * Runs one command line, without the program's name, and gives its exit status. The table is opened when the first
 * command needs it; if it cannot be, the sentence of what was thrown is printed.
 */
export async function ipvsadm(argv: readonly string[], io: Io, openTable: () => ServiceTable): Promise<number> {
  const { status } = await new Run(io, openTable).line(argv)
  return status
}

interface Outcome {
  readonly status: number
  /** True if `-R` must not go on. */
  readonly ends: boolean
}

class Run {
  readonly #io: Io
  readonly #names: KnownNames
  readonly #openTable: () => ServiceTable
  #opened: ServiceTable | undefined
  #restoring = false

  constructor(io: Io, openTable: () => ServiceTable) {
    this.#io = io
    this.#names = new KnownNames(io.names)
    this.#openTable = openTable
  }

  async line(words: readonly string[]): Promise<Outcome> {
    try {
      const command = await this.#names.resolving(names => parseCommand(words, names))
      return command.name === 'restore' ? await this.#restore() : await this.#perform(command)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      this.#io.stderr(`${error.message}\n`)
      return { status: error.status, ends: error.ends }
    }
  }

  get #table(): ServiceTable {
    try {
      this.#opened ??= this.#openTable()
    } catch (error) {
      if (error instanceof Error) throw new UsageError(`Can't initialize ipvs: ${error.message}`)
      throw error
    }
    return this.#opened
  }

  async #perform(command: Exclude<Command, { name: 'restore' }>): Promise<Outcome> {
    const { names } = this.#io
    switch (command.name) {
      case 'help':
      case 'version':
        return { ...(await this.#print([command.name === 'help' ? HELP : VERSION_LINE])), ends: true }
      case 'save':
        return await this.#print(saveAll(this.#table, command.numeric, names))
      case 'list-services':
        return await this.#print(listAll(this.#table, command.format, names))
      case 'list-service': {
        const service = this.#table.service(command.key)
        if (service === undefined) throw new UsageError(refusal(command.name, 'ESRCH'), 1)
        return await this.#print(listOne(service, command.format, names))
      }
      case 'list-connections':
        return await this.#print(listConnections(this.#table, command.format, names))
      case 'list-timeouts':
        return await this.#print([listTimeouts(this.#table, command.format)])
      case 'list-daemons':
        return await this.#print([listDaemons(this.#table, command.format)])
      default:
        return this.#edit(command)
    }
  }

  #edit(edit: Edit): Outcome {
    const table = this.#table
    try {
      applyEdit(table, edit)
      return DONE
    } catch (error) {
      this.#io.stderr(`${refusalOf(edit.name, error)}\n`)
      return { status: REFUSED, ends: false }
    }
  }

  /** The outcome is that of the last line. */
  async #restore(): Promise<Outcome> {
    if (this.#restoring) throw seeHelp()
    this.#restoring = true
    let outcome = DONE
    for await (const batch of lines(this.#io.stdin))
      for (const line of batch) {
        const words = lineWords(line)
        if (words.length > 0) outcome = await this.line(words)
        if (outcome.ends) return outcome
      }
    return outcome
  }

  async #print(pieces: AsyncIterable<string> | Iterable<string>): Promise<Outcome> {
    let piece = ''
    for await (const text of pieces) {
      piece += text
      if (piece.length < PIECE_MIN) continue
      await this.#io.stdout(piece)
      piece = ''
    }
    if (piece !== '') await this.#io.stdout(piece)
    return DONE
  }
}
