/**
 * `keepalived -t`: the same configuration judged as keepalived 2.2.7 judges it, for scripts that grep its messages and
 * look at its status. It reads the file once for each of its processes; so do we, and print each message once.
 *
 *   0  nothing to say     2  a parameter is missing, and it stops there     5  anything else     6  a missing include
 */
import { type IpFamily, ipFamily, parseIp } from '../bytes/address.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import type { Sources } from '../diagnostics/source.ts'
import { elaborate } from './elaborate.ts'
import { checkerComplaints, vrrpComplaints } from './keepalived/complete.ts'
import { missingBraces, walk } from './keepalived/walk.ts'
import { complaints, entryComplaints, MissingParameter } from './keepalived/words.ts'
import type { Table } from './keyword.ts'
import { ROOT } from './keywords/root.ts'
import type { Line } from './line.ts'
import { type ReadFile, type ReadOptions, readConfiguration } from './read.ts'
import { keywordOf, type Statement } from './statement.ts'

export interface TestOptions extends ReadOptions {
  /** The interfaces of this machine; undefined: whatever is named exists. */
  readonly interfaces?: readonly string[]
}

export interface Tested {
  /** What keepalived exits with. */
  readonly status: number
  /** One a line, for standard error. */
  readonly messages: readonly string[]
}

type Process = 'parent' | 'checkers' | 'vrrp'

/** The blocks that each process reads; the parent reads what is for all of them. */
const CHECKER_BLOCKS: readonly string[] = ['virtual_server', 'virtual_server_group', 'SSL']
const VRRP_BLOCKS: readonly string[] = [
  'vrrp_instance',
  'vrrp_sync_group',
  'vrrp_script',
  'vrrp_track_process',
  'track_group',
  'static_ipaddress',
  'static_routes',
  'static_rules',
  'garp_group',
  'interface_up_down_delays',
]

export function keepalivedTest(file: string, options: TestOptions = {}): Tested {
  const read = readConfiguration(file, { ...options, faithful: true })
  const said = new Set<string>()
  const reading = read.diagnostics.flatMap(problem => readingComplaints(problem, read.sources, file))
  for (const { message } of reading) said.add(message)
  const missing = missingBraces(read.lines)
  if (missing > 0) said.add(`There are ${missing} missing '}'s or extra '{'s`)
  try {
    const global = readAs('parent', file, read, options, said, [])
    for (const process of ['checkers', 'vrrp'] as const) readAs(process, file, read, options, said, global)
  } catch (error) {
    if (!(error instanceof MissingParameter)) throw error
    said.add(error.message)
    return { status: 2, messages: [...said] }
  }
  if (reading.some(({ fatal }) => fatal)) return { status: 6, messages: [...said] }
  const harmless = new Set(reading.filter(each => each.harmless).map(({ message }) => message))
  return { status: [...said].every(message => harmless.has(message)) ? 0 : 5, messages: [...said] }
}

/** One process reads the file. `global`: what it has from its parent. Gives what it has read itself. */
function readAs(
  process: Process,
  file: string,
  read: ReadFile,
  options: TestOptions,
  said: Set<string>,
  global: readonly Statement[],
): readonly Statement[] {
  const { lines, sources } = read
  if (lines.length === 0) return []
  // The parent names the file only where there are several.
  const at = (line: Line): string =>
    placeText(line.words[0] ?? line.end, sources, process === 'parent' && sources.size === 1 ? '' : file)
  const complain = (line: Line, text: string) => void said.add(`${at(line)} ${text}`)
  const unclosed = new Set(
    read.diagnostics
      .filter(({ code }) => code === 'unclosed-quote')
      .map(({ span }) => sources.get(span.file)?.lineAt(span.start)),
  )
  const seen: Seen = { scripts: new Set(), families: new Map(), instance: '' }

  const statement = (line: Line, block: Statement, table: Table | undefined): void => {
    const made: Statement = { line, children: undefined }
    const name = keywordOf(made)
    if (name === 'vrrp_instance') seen.instance = line.words[1]?.text ?? ''
    if (name === 'vrrp_script') seen.scripts.add(line.words[1]?.text ?? '')
    if (
      table?.keywords.get(name)?.syntax.startsWith('COMMAND') &&
      unclosed.has(sources.get(line.end.file)?.lineAt(line.end.start))
    ) {
      complain(line, `String '${line.text.slice(line.from, line.to).trim()}': missing terminating "`)
      return
    }
    try {
      const found =
        table === undefined
          ? entry(made, block, seen)
          : [...complaints(made, block, table), ...special(made, block, table, options)]
      for (const text of found) complain(line, text)
    } catch (error) {
      if (error instanceof MissingParameter) throw new MissingParameter(`${at(line)} ${error.message}`)
      throw error
    }
  }
  const owns = (keyword: string): boolean => {
    if (CHECKER_BLOCKS.includes(keyword)) return process === 'checkers'
    if (VRRP_BLOCKS.includes(keyword)) return process === 'vrrp'
    return process === 'parent' || !(keyword === 'global_defs' || keyword === 'bfd_instance')
  }
  const closed = (line: Line, block: Statement) => {
    for (const text of closing(block)) complain(line, text)
  }
  const walked = walk(lines, ROOT, { owns, complain, statement, closed })
  const own = walked.children ?? []
  if (process === 'parent') return own.filter(each => keywordOf(each) === 'global_defs')
  const root = { ...walked, children: [...global, ...own] }
  const judged = elaborate(root, '')
  for (const text of process === 'vrrp' ? vrrpComplaints(judged, root) : checkerComplaints(judged, root)) said.add(text)
  const strange = judged.configuration.vrrpInstances.some(
    each => options.interfaces?.includes(each.interface) === false,
  )
  if (process === 'vrrp' && strange) said.add('Non-existent interface specified in configuration')
  return own
}

/** What has been read so far, for entries that look back. */
interface Seen {
  readonly scripts: Set<string>
  /** The family of the first address of each block. */
  readonly families: Map<Statement, IpFamily>
  /** The instance being read. */
  instance: string
}

function placeText(span: Span, sources: Sources, file: string): string {
  const line = sources.get(span.file)?.lineAt(span.start) ?? 1
  return file === '' ? `(Line ${line})` : `(${span.file || file}: Line ${line})`
}

/** A line of an entry block. */
function entry(statement: Statement, block: Statement, seen: Seen): readonly string[] {
  const blockName = keywordOf(block)
  const word = keywordOf(statement)
  if (blockName === 'track_script')
    return seen.scripts.has(word) ? [] : [`(${seen.instance}) track script ${word} not found, ignoring...`]
  const keyword =
    blockName === 'virtual_ipaddress' || blockName === 'virtual_ipaddress_excluded'
      ? INSTANCE.get(blockName)
      : undefined
  if (keyword === undefined) return []
  const address = parseIp(word.split('/')[0] ?? '')
  if (address !== undefined && blockName === 'virtual_ipaddress') {
    const family = seen.families.get(block) ?? ipFamily(address)
    seen.families.set(block, family)
    if (family !== ipFamily(address))
      return [`(${seen.instance}): address family must match VRRP instance [${word}] - ignoring`]
  }
  return entryComplaints(statement, block, keyword)
}

const INSTANCE = ROOT.keywords.get('vrrp_instance')!.table!.keywords

/** What is missing from a block when it ends. */
function* closing(block: Statement): Iterable<string> {
  const lacks = (keyword: string) => !block.children?.some(child => keywordOf(child) === keyword)
  const type = keywordOf(block)
  if ((type === 'HTTP_GET' || type === 'SSL_GET') && lacks('url'))
    yield 'HTTP/SSL_GET checker has no urls specified - ignoring'
  if (type === 'MISC_CHECK' && lacks('misc_path')) yield 'No script path has been specified for MISC_CHECKER - skipping'
}

/** What single keywords say beyond the form of their value. */
function* special(statement: Statement, block: Statement, table: Table, { interfaces }: TestOptions): Iterable<string> {
  const { words } = statement.line
  const value = words[1]?.text ?? ''
  const name = words[0]?.text
  const owner = block.line.words[1]?.text ?? ''
  if (table.name === 'vrrp_instance' && name === 'interface' && interfaces?.includes(value) === false) {
    yield `WARNING - interface ${value} for vrrp_instance ${owner} doesn't exist`
  }
  if (name === 'auth_pass' && Buffer.byteLength(value) > 8) yield 'Truncating auth_pass to 8 characters'
  if (name === 'nb_get_retry') yield "nb_get_retry is deprecated - please use 'retry'"
  if (name === 'sh-port' || name === 'sh-fallback' || name === 'mh-port' || name === 'mh-fallback') {
    const chosen = block.children?.findLast(child => ['lb_algo', 'lvs_sched'].includes(keywordOf(child)))
    if (chosen?.line.words[1]?.text !== name.slice(0, 2)) yield `${name} only applies to sh scheduler - ignoring`
  }
}

interface Complaint {
  readonly message: string
  readonly fatal: boolean
  /** It is said, and the status stays 0. */
  readonly harmless: boolean
}

function readingComplaints(problem: Diagnostic, sources: Sources, file: string): readonly Complaint[] {
  const { span } = problem
  const place = placeText(span, sources, '')
  const said = (text: string, fatal: boolean, harmless: boolean) => [{ message: `${place} ${text}`, fatal, harmless }]
  const pattern = /"([^"]*)"/.exec(problem.message)?.[1] ?? ''
  if (problem.code === 'nothing-included') return said(`Config files missing '${pattern}'.`, false, true)
  if (problem.code === 'no-file-to-include') return said(`Config files missing '${pattern}'.`, true, false)
  if (problem.code !== 'unclosed-quote') return []
  const source = sources.get(span.file)
  const text = source?.lineText(source.lineAt(span.start)).trim() ?? ''
  return [place, placeText(span, sources, file)].flatMap(prefix =>
    ['Unterminated', 'Unmatched'].map(kind => ({
      message: `${prefix} ${kind} quote${kind === 'Unmatched' ? ':' : ''} '${text}'`,
      fatal: false,
      harmless: false,
    })),
  )
}
