/** `vrrp_script`, `track_file`, `vrrp_track_process`: what instances can track besides interfaces. */
import { diagnostic } from '../../diagnostics/diagnostic.ts'
import type { TrackedFile, TrackedProcess, TrackedScript } from '../../model/script.ts'
import { type Context, from } from '../context.ts'
import { once, readBlock, type Table, table } from '../keyword.ts'
import { command, rawWords, script } from '../script-value.ts'
import { headerSpan, type Statement } from '../statement.ts'
import { choice, flag, integer, present, readInteger, text, timer, type Value } from '../value.ts'
import { weight } from './track-entry.ts'

const user: Value<{ readonly user: string; readonly group: string | undefined }> = {
  syntax: 'USER [GROUP]',
  read(words) {
    const name = words.need()
    return name === undefined ? undefined : { user: name.text, group: words.take()?.text }
  },
}

const SCRIPT_KEYWORDS = {
  script: once(command, { doc: 'The program; exit code 0 is success.' }),
  interval: once(timer(0.001, 4294), { default: 1000, doc: 'Seconds between its starts.' }),
  timeout: once(timer(0.001, 4294), { doc: 'When it has failed. Default: interval.' }),
  weight: once(weight(253), {
    default: { weight: 0, reverse: false },
    doc: 'What success adds to the priority, or failure takes away; 0: failure is a fault.',
  }),
  rise: once(integer(1, 0x7fff_ffff), { default: 1, doc: 'Successes in a row until it is up.' }),
  fall: once(integer(1, 0x7fff_ffff), { default: 1, doc: 'Failures in a row until it is down.' }),
  user: once(user, { doc: 'Whom it runs as.' }),
  init_fail: once(present, { doc: 'Counts as failed until it has succeeded.' }),
} as const

const init: Value<{ readonly value: number; readonly overwrite: boolean }> = {
  syntax: '[VALUE] [overwrite]',
  read(words) {
    const overwrite = words.takeIf('overwrite')
    const word = overwrite ? undefined : words.take()
    const value = word === undefined ? 0 : readInteger(words, word, -0x7fff_ffff, 0x7fff_ffff)
    return value === undefined ? undefined : { value, overwrite: overwrite || words.takeIf('overwrite') }
  },
}

const FILE_KEYWORDS = {
  file: once(text('PATH'), { doc: 'The file.' }),
  weight: once(weight(0x7fff_ffff), {
    default: { weight: 1, reverse: false },
    doc: 'What its number is multiplied with.',
  }),
  init_file: once(init, { doc: 'Writes the file at start.' }),
} as const

const process: Value<readonly string[]> = {
  syntax: 'NAME [PARAMETER …]',
  read(words) {
    if (words.need() === undefined) return undefined
    return rawWords(words)
  },
}

const PROCESS_KEYWORDS = {
  process: once(process, { doc: 'Its name, and parameters that it must have.' }),
  param_match: once(choice('initial', 'partial'), { doc: 'Parameters may go on; or the last one may.' }),
  weight: once(weight(254), {
    default: { weight: 1, reverse: false },
    doc: 'What it adds to the priority; 0: its absence is a fault.',
  }),
  quorum: once(integer(0, 65535), { default: 1, doc: 'How many must run.' }),
  quorum_max: once(integer(0, 65535), { doc: 'How many may run.' }),
  fork_delay: once(timer(0, 3600), { default: 0, doc: 'It counts as up this much later.' }),
  terminate_delay: once(timer(0, 3600), { default: 0, doc: 'It counts as down this much later.' }),
  delay: once(timer(0, 3600), { doc: 'Both.' }),
  full_command: once(flag, { default: false, doc: 'Compares the whole command line.' }),
  restart: once(script, {
    doc: 'Starts it again when too few are left. A word of sluice, which keepalived does not know.',
  }),
  restart_grace: once(timer(0, 3600), {
    default: 5000,
    doc: 'It counts as down only if `restart` has not brought it back so soon. A word of sluice.',
  }),
} as const

export const VRRP_SCRIPT: Table = table(
  'vrrp_script',
  { syntax: 'NAME', doc: 'A program that is run again and again.' },
  SCRIPT_KEYWORDS,
)
export const TRACK_FILE: Table = table('track_file', { syntax: 'NAME', doc: 'A file with a number.' }, FILE_KEYWORDS)
export const TRACK_PROCESS: Table = table(
  'vrrp_track_process',
  { syntax: 'NAME', doc: 'A process that must run.' },
  PROCESS_KEYWORDS,
)

export function elaborateScript(statement: Statement, context: Context): TrackedScript | undefined {
  const reading = readBlock(SCRIPT_KEYWORDS, statement, context.report)
  const { values } = reading
  if (values.script === undefined) return missing(statement, 'script', context)
  return from(context, reading.origin, {
    name: nameOf(statement),
    script: { ...values.script, user: values.user?.user, group: values.user?.group },
    intervalMs: values.interval,
    timeoutMs: values.timeout ?? values.interval,
    ...values.weight,
    rise: values.rise,
    fall: values.fall,
    initFail: values.init_fail ?? false,
  })
}

export function elaborateFile(statement: Statement, context: Context): TrackedFile | undefined {
  const reading = readBlock(FILE_KEYWORDS, statement, context.report)
  const { values } = reading
  if (values.file === undefined) return missing(statement, 'file', context)
  return from(context, reading.origin, {
    name: nameOf(statement),
    path: values.file,
    ...values.weight,
    init: values.init_file,
  })
}

export function elaborateProcess(statement: Statement, context: Context): TrackedProcess | undefined {
  const reading = readBlock(PROCESS_KEYWORDS, statement, context.report)
  const { values } = reading
  if (values.process === undefined) return missing(statement, 'process', context)
  const [program, ...parameters] = values.process
  const tracked: TrackedProcess = {
    name: nameOf(statement),
    command: program ?? '',
    parameters: parameters.length > 0 || values.param_match !== undefined ? parameters : undefined,
    match: values.param_match ?? 'exact',
    fullCommand: values.full_command,
    ...values.weight,
    quorum: values.quorum,
    quorumMax: values.quorum_max,
    forkDelayMs: values.delay ?? values.fork_delay,
    terminateDelayMs: values.delay ?? values.terminate_delay,
    restart: values.restart,
    restartGraceMs: values.restart_grace,
  }
  return from(context, reading.origin, tracked)
}

function nameOf(statement: Statement): string {
  return statement.line.words[1]?.text ?? ''
}

function missing(statement: Statement, keyword: string, context: Context): undefined {
  const block = `${statement.line.words[0]?.text ?? ''} ${nameOf(statement)}`
  context.report(diagnostic('missing-keyword', headerSpan(statement), { block, keyword }))
  return undefined
}
